import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildAgent, isEmulatedAgent, isSlowedAgent, RunningAgent } from '../../../apps/agent/testing/running-agent.ts';
import { caseTable } from './case-table.ts';
import { type ConformanceCase, needsOf } from './conformance-case.ts';
import { foreignDialects } from './dialects/foreign-dialects.ts';
import type { GuestClient } from './guest-client.ts';
import { NativeClient } from './native-client.ts';

before(buildAgent, { timeout: 120_000 });

// With sanitizers or emulated it is several times slower; at the timeout the agent is killed, which looks like a crash.
const timeout = isSlowedAgent ? 900_000 : 300_000;

describe('the agent in the dialect native', { timeout }, () => {
  const agent = agentForSuite();
  for (const [area, cases] of Object.entries(caseTable))
    describe(area, () => {
      for (const row of cases)
        it(row.title, { skip: reasonToSkip(row) }, async () => {
          await using client = await NativeClient.connect(agent().socket);
          await row.run({ ...(await placeFor(agent())), client });
        });
    });
});

for (const dialect of foreignDialects)
  describe(`the agent in the dialect ${dialect.name}`, { timeout }, () => {
    const agent = agentForSuite();
    const asked = new Set<string>();
    let isWhole = true;
    for (const [area, cases] of Object.entries(caseTable)) {
      const expressible = cases.filter((row) => needsOf(row).every((need) => dialect.lacks[need] === undefined));
      if (expressible.length === 0) continue;
      describe(area, () => {
        for (const row of expressible) {
          // With a needsNative it would not be here; the compiler cannot see it.
          if (row.needsNative !== undefined) continue;
          const skip = reasonToSkip(row);
          isWhole &&= skip === false;
          it(row.title, { skip }, async () => {
            await using client: GuestClient = await dialect.connect(agent().socket, asked);
            await row.run({ ...(await placeFor(agent())), client });
          });
        }
      });
    }
    describe('what it cannot express', () => {
      for (const [capability, reason] of Object.entries(dialect.lacks)) it(capability, { skip: reason });
    });

    it('every request and member of the dialect was used by a case, or has its own test', (test) => {
      if (!isWhole) return test.skip('some cases cannot run on this machine');
      const unused = dialect.requests.filter((name) => !asked.has(name));
      assert.deepEqual(unused, Object.keys(dialect.testedElsewhere));
      const unknown = [...asked].filter((name) => !dialect.requests.includes(name));
      assert.deepEqual(unknown, [], 'requests that are not in the dialect’s list');
    });
  });

/** An agent for the tests of this suite, which must not end before them. */
function agentForSuite(): () => RunningAgent {
  let agent: RunningAgent | undefined;
  before(async () => {
    agent = await RunningAgent.start();
  });
  after(async () => {
    const ended = agent?.ended;
    await agent?.[Symbol.asyncDispose]();
    assert.equal(ended, undefined, 'the agent ended during the tests');
  });
  return () => {
    assert.ok(agent !== undefined);
    return agent;
  };
}

let folders = 0;

async function placeFor({ folder, pid: agentPid }: RunningAgent): Promise<{ folder: string; agentPid: number }> {
  const own = join(folder, `case${++folders}`);
  await mkdir(own);
  return { folder: own, agentPid };
}

function reasonToSkip(row: ConformanceCase): string | false {
  if (isEmulatedAgent && row.notEmulated !== undefined) return `an emulator ${row.notEmulated}`;
  if (isSlowedAgent && row.measuresMemory) return 'memory is measured with the agent as it is released';
  return row.skip ?? false;
}
