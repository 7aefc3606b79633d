/** What is left of what vendors count, the scarcest first; and what was spent, the dearest first. */
import type { ComponentChildren } from 'preact';
import { costRows, type QuotaRow, quotaRows, type Rung } from '../live/quotas.ts';
import type { TargetView } from '../live/view.ts';
import { count, dollars, percent } from '../words/format.ts';
import { Bar, headroomMood, Section } from './signs.tsx';

/** The scarce ones are what counts; two hundred bars would hide them. */
const MAX_QUOTAS = 24;

export function QuotaAndCost({ targets }: { readonly targets: readonly TargetView[] }): ComponentChildren {
  const quotas = quotaRows(targets);
  const costs = costRows(targets);
  return (
    <div class="columns wide-first">
      <Section id="quota" title="Quota" note="the scarcest first">
        {quotas.length === 0 ? (
          <p class="dim">No limit is known yet: vendors tell theirs with their answers.</p>
        ) : (
          <ul class="quotas">
            {quotas.slice(0, MAX_QUOTAS).map((row) => (
              <Quota key={row.name} row={row} />
            ))}
          </ul>
        )}
        {quotas.length > MAX_QUOTAS && <p class="dim">and {quotas.length - MAX_QUOTAS} with more left</p>}
      </Section>
      <Section id="cost" title="Cost" note="since start, by list prices">
        {costs.length === 0 ? (
          <p class="dim">Nothing was spent yet.</p>
        ) : (
          <div class="scroll" tabIndex={0} role="region" aria-label="Cost by model">
            <table>
              <thead>
                <tr>
                  <th scope="col">model</th>
                  <th scope="col">prompt</th>
                  <th scope="col">answer</th>
                  <th scope="col">cost</th>
                </tr>
              </thead>
              <tbody>
                {costs.map(({ name, promptTokens, completionTokens, costUsd }) => (
                  <tr key={name}>
                    <th scope="row" class="mono">
                      {name}
                    </th>
                    <td>{count(promptTokens)}</td>
                    <td>{count(completionTokens)}</td>
                    <td>{costUsd === 0 ? 'no price known' : dollars(costUsd)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Section>
    </div>
  );
}

function Quota({ row: { name, keys, requests, tokens, headroom } }: { readonly row: QuotaRow }): ComponentChildren {
  return (
    <li>
      <span class="mono quota-name">{name}</span>
      <span class="dim">
        headroom {percent(headroom)}
        {keys.length > 1 && `, ${keys.length} keys`}
      </span>
      {requests !== undefined && <Used what="requests" rung={requests} />}
      {tokens !== undefined && <Used what="tokens" rung={tokens} />}
    </li>
  );
}

function Used({ what, rung: { used, limit } }: { readonly what: string; readonly rung: Rung }): ComponentChildren {
  const share = used / limit;
  return (
    <span class="bar-line">
      <span>
        {count(used)} of {count(limit)} {what} a minute
      </span>
      <Bar share={share} mood={headroomMood(1 - share)} />
    </span>
  );
}
