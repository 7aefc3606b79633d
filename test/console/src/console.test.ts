/** The page in a real Chromium, in front of a real gateway and a simulated Mistral. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seriousFaults } from './axe.ts';
import { buildPage } from './build-page.ts';
import { openBrowser, openPage } from './browser.ts';
import { openScene, ROUTE, type Scene, TOKEN } from './scene.ts';

const FAILING_A = { when: { workspace: 'workspace-1' }, effect: { kind: 'error', error: '500/1000' } } as const;

/** Lines are written in batches. */
const LOG_IS_LATE = { timeout: 10_000 };

let browser: Browser;
let scene: Scene;

beforeAll(async () => {
  await buildPage();
  browser = await openBrowser();
  scene = await openScene();
});

afterAll(async () => {
  await browser.close();
  await scene[Symbol.asyncDispose]();
});

/** A tile is a button that begins with its key's name. */
function tile(page: Page, key: string) {
  return page.locator('.tile').filter({ has: page.locator('.tile-name .mono', { hasText: new RegExp(`^${key}$`) }) });
}

describe('what the gateway serves', () => {
  test('is a page that may load nothing from elsewhere, and scripts that a phone loads in no time', async () => {
    const page = await fetch(scene.url);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    const html = await page.text();
    const scripts = [...html.matchAll(/src="([^"]+\.js)"/g)].map(([, path]) => path ?? '');
    expect(scripts.length).toBeGreaterThan(0);
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
    const sizes = await Promise.all(
      scripts.map(async (path) => {
        const response = await fetch(scene.node.adminUrl + path, { headers: { 'accept-encoding': 'gzip' } });
        expect(response.headers.get('content-encoding')).toBe('gzip');
        expect(response.headers.get('cache-control')).toContain('immutable');
        return Number(response.headers.get('content-length'));
      }),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(150 * 1024);
  });

  test('is nothing of the file system', async () => {
    for (const path of ['/assets/', '/assets/..%2f..%2fpackage.json', '/../package.json', '/assets/index.html']) {
      expect((await fetch(scene.url + path)).status).toBe(404);
    }
  });

  test('is the plain page too, for browsers without scripts', async () => {
    const html = await (await fetch(`${scene.url}/plain`)).text();
    expect(html).toContain('mistral/a/');
    expect(html).not.toMatch(/<script/i);
  });
});

describe('the page', () => {
  test('shows what goes on, asks nobody else, and the browser has nothing to complain of', async () => {
    await scene.chat(6);
    await using opened = await openPage(browser, scene.url);
    const { page } = opened;
    await page.locator('.pill', { hasText: /^● live$/ }).waitFor();
    await tile(page, 'a').getByText('available').waitFor();
    await page.locator('.route h3', { hasText: ROUTE }).waitFor();
    await page.locator('.decision').first().waitFor();
    await page.locator('.chart canvas').waitFor();
    await page.locator('.quotas li').first().getByText('of 720 requests a minute').waitFor();
    await page.locator('#cost').getByText('mistral/mistral-small-latest').waitFor();
    await page.getByText('This node is alone.').waitFor();
    expect(await page.locator('.all-well').textContent()).toContain('Nothing');
    const origin = new URL(scene.url).origin;
    expect(opened.asked.filter((url) => !url.startsWith(origin))).toEqual([]);
    expect(opened.complaints).toEqual([]);
  });

  test('shows new decisions as they are made, and finds the one that is looked for', async () => {
    await using opened = await openPage(browser, scene.url);
    const { page } = opened;
    await page.locator('.decision').first().waitFor();
    const before = await page.locator('.decision').count();
    await scene.chat(3);
    await page
      .locator('.decision')
      .nth(before + 2)
      .waitFor();
    await page.getByLabel('Which decisions').selectOption('failed');
    await page.getByText('None is like this.').waitFor();
    await page.getByLabel('Which decisions').selectOption('all');
    await page.getByLabel('Show decisions with').fill(ROUTE);
    await page.locator('.decision summary').first().click();
    const told = page.locator('.explanation').first();
    await told.getByText('first choice of the picker').waitFor();
    expect(await told.locator('.candidates li').count()).toBe(2);
    await page.getByRole('button', { name: 'Go on' }).waitFor();
  });

  test('says what is wrong, why a breaker is open and when it is tried again', async () => {
    scene.setFaults([FAILING_A]);
    await using opened = await openPage(browser, scene.url);
    const { page } = opened;
    await page.locator('.tile').first().waitFor();
    await scene.chat(12);
    await tile(page, 'a').getByText('breaker open').waitFor();
    await tile(page, 'a')
      .getByText(/faults in a row.*next probe in/)
      .waitFor();
    await page.locator('.problems').getByText('mistral/a/mistral-small-latest: breaker open').waitFor();
    expect(await page.title()).toMatch(/^\(1\) /);
    await page.getByLabel('Which decisions').selectOption('retried');
    await page.locator('.decision .step.bad').first().waitFor();
    await page
      .locator('.problems')
      .getByRole('button', { name: /^Open mistral\/a/ })
      .click();
    await page
      .getByRole('dialog')
      .getByText(/tripped .* ago: faults in a row/)
      .waitFor();
    scene.setFaults([]);
  });

  test('says that it is not live when the gateway is gone', async () => {
    const own = await openScene();
    await using opened = await openPage(browser, own.url);
    await opened.page.locator('.pill', { hasText: /^● live$/ }).waitFor();
    await own[Symbol.asyncDispose]();
    await opened.page.getByText('not live').waitFor();
    expect(await opened.page.locator('.tile').count()).toBe(3);
  });
});

describe('by hand', () => {
  test('a target is drained and brought back, a key is tested, and the log says who did it', async () => {
    await using opened = await openPage(browser, scene.url);
    const { page } = opened;
    await tile(page, 'b').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Drain target' }).click();
    await dialog.getByText('drained by hand: it gets no new requests').waitFor();
    await dialog.getByRole('button', { name: 'Bring target back' }).click();
    await dialog.getByRole('button', { name: 'Drain target' }).waitFor();
    await dialog.getByRole('button', { name: /^Test key/ }).click();
    await dialog.getByText(/^\d+ models$/).waitFor();
    await dialog.getByText(/^● valid$/).waitFor();
    const told = () => scene.node.log().filter(({ event }) => event === 'admin-action-taken');
    await expect.poll(told, LOG_IS_LATE).toMatchObject([
      {
        path: '/admin/targets/drain',
        target: 'mistral/b/mistral-small-latest',
        drain: true,
        by: 'loopback',
        status: 200,
      },
      { path: '/admin/targets/drain', drain: false },
      { path: '/admin/keys/test', provider: 'mistral', keyName: 'b', status: 200 },
    ]);
  });

  test('the node is drained after a second question, and brought back', async () => {
    await using opened = await openPage(browser, scene.url);
    const { page } = opened;
    const ready = async () => (await fetch(`${scene.node.adminUrl}/healthz/ready`)).status;
    await page.getByRole('button', { name: 'Drain node' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    expect(await ready()).toBe(200);
    await page.getByRole('button', { name: 'Drain node' }).click();
    await page.getByRole('button', { name: 'Drain the node' }).click();
    await page.getByText('This node drains').waitFor();
    expect(await ready()).toBe(503);
    await page.getByRole('button', { name: 'Bring node back' }).click();
    await page.getByRole('button', { name: 'Drain node' }).waitFor();
    expect(await ready()).toBe(200);
  });

  test('nothing is changed without the token where one is configured, and what is shown needs none', async () => {
    await using own = await openScene({ token: TOKEN });
    await using opened = await openPage(browser, own.url);
    const { page } = opened;
    await tile(page, 'a').click();
    await page.getByRole('button', { name: 'Drain target' }).click();
    await page.getByRole('textbox', { name: 'Token' }).fill('not-the-admin-token');
    await page.getByRole('button', { name: 'Use it' }).click();
    await page.getByText('The gateway did not take that token.').waitFor();
    await page.getByRole('textbox', { name: 'Token' }).fill(TOKEN);
    await page.getByRole('button', { name: 'Use it' }).click();
    await page.getByRole('dialog').getByText('drained by hand').waitFor();
    const taken = expect.objectContaining({ event: 'admin-action-taken', by: 'token', drain: true });
    await expect.poll(own.node.log, LOG_IS_LATE).toContainEqual(taken);
    expect(own.node.log().filter(({ event }) => event === 'admin-action-refused')).toHaveLength(2);
    expect(JSON.stringify(own.node.log())).not.toContain(TOKEN);
  });

  test('works on a node of several workers, for all of them at once', async () => {
    await using own = await openScene({ workers: 2 });
    await own.chat(4);
    await using opened = await openPage(browser, own.url);
    const { page } = opened;
    await page.getByText('2 workers').waitFor();
    await page.locator('.decision').nth(3).waitFor();
    await tile(page, 'a').click();
    await page.getByRole('button', { name: 'Drain target' }).click();
    await page.getByText('(in 2 of the workers)').waitFor();
    expect(await page.locator('.decision').count()).toBe(4);
  });
});

describe('everybody', () => {
  test.each(['light', 'dark'] as const)('can use it: axe finds nothing serious, %s', async (colorScheme) => {
    scene.setFaults([FAILING_A]);
    await scene.chat(8);
    await using opened = await openPage(browser, scene.url, { colorScheme, reducedMotion: 'reduce' });
    const { page } = opened;
    await page.locator('.decision summary').first().click();
    expect(await seriousFaults(page)).toEqual([]);
    await tile(page, 'a').click();
    await page.getByRole('dialog').waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    scene.setFaults([]);
  });

  test('can use it on a phone: nothing is wider than 360 pixels', async () => {
    await using opened = await openPage(browser, scene.url, { viewport: { width: 360, height: 740 } });
    const { page } = opened;
    await page.locator('.decision summary').first().click();
    await page.locator('.explanation').first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    expect(await seriousFaults(page)).toEqual([]);
  });

  test('can use it without a mouse', async () => {
    await using opened = await openPage(browser, scene.url);
    const { page } = opened;
    await tile(page, 'a').waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to what is wrong');
    await tile(page, 'a').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate('document.activeElement.className')).toContain('tile');
    await page.locator('.decision summary').first().focus();
    await page.keyboard.press('Enter');
    await page.locator('.explanation').first().waitFor();
  });
});
