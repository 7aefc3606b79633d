/** A real Chromium, that talks to loopback alone. */
import { CHROMIUM, requireTool } from '@leeward/tools';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** No sandbox, as CI runs as root in a container; the others keep it from calling home. */
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: requireTool(CHROMIUM), args: QUIET });
}

/** Views come once a second, on a machine that is busy with other tests. */
const WAIT_MS = 20_000;

export interface WatchedPage extends AsyncDisposable {
  readonly page: Page;
  /** What the browser complained of: failed loads, breaches of the policy, thrown errors. */
  readonly complaints: readonly string[];
  /** Every address that was asked for. */
  readonly asked: readonly string[];
}

export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  const complaints: string[] = [];
  const asked: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(url);
  return { page, complaints, asked, [Symbol.asyncDispose]: () => context.close() };
}
