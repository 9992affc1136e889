import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildAgent, isEmulatedAgent, isSlowedAgent, RunningAgent } from '../../../apps/agent/testing/running-agent.ts';
import { AgentMessageClient } from './agent-message-client.ts';
import { accountCases } from './cases/account-cases.ts';
import { adminCases } from './cases/admin-cases.ts';
import { callCases } from './cases/call-cases.ts';
import { commandCases } from './cases/command-cases.ts';
import { commandEndingCases } from './cases/command-ending-cases.ts';
import { copyCases } from './cases/copy-cases.ts';
import { fileCases } from './cases/file-cases.ts';
import { fileRefusalCases } from './cases/file-refusal-cases.ts';
import { filesystemCases } from './cases/filesystem-cases.ts';
import { guestProcessCases } from './cases/guest-process-cases.ts';
import { networkCases } from './cases/network-cases.ts';
import { powerCases } from './cases/power-cases.ts';
import { sessionCases } from './cases/session-cases.ts';
import { systemCases } from './cases/system-cases.ts';
import { tarCases } from './cases/tar-cases.ts';
import { terminalCases } from './cases/terminal-cases.ts';
import { treeCases } from './cases/tree-cases.ts';
import { treeRefusalCases } from './cases/tree-refusal-cases.ts';
import { tunnelCases } from './cases/tunnel-cases.ts';
import { updateCases } from './cases/update-cases.ts';
import { watchCases } from './cases/watch-cases.ts';
import type { ConformanceCase } from './conformance-case.ts';
import type { DialectName } from './guest-client.ts';
import { NativeClient } from './native-client.ts';

const table: Readonly<Record<string, readonly ConformanceCase[]>> = {
  sessions: sessionCases,
  commands: commandCases,
  'ends of commands': commandEndingCases,
  'terminals and input': terminalCases,
  files: fileCases,
  'refusals of files': fileRefusalCases,
  folders: treeCases,
  'refusals of folders': treeRefusalCases,
  archives: tarCases,
  copies: copyCases,
  'processes of the guest': guestProcessCases,
  'freezing and trimming': filesystemCases,
  'the system': systemCases,
  'watches of files': watchCases,
  'the network': networkCases,
  accounts: accountCases,
  administration: adminCases,
  power: powerCases,
  tunnels: tunnelCases,
  updates: updateCases,
  calls: callCases,
};
const dialects: readonly DialectName[] = ['native', 'AgentMessage, plain', 'AgentMessage, magic'];

before(buildAgent, { timeout: 120_000 });

// With sanitizers or emulated it is several times slower; at the timeout the agent is killed, which looks like a crash.
for (const dialect of dialects)
  describe(`the agent in the dialect ${dialect}`, { timeout: isSlowedAgent ? 900_000 : 300_000 }, () => {
    let agent: RunningAgent;
    let folders = 0;
    before(async () => {
      agent = await RunningAgent.start();
    });
    after(async () => {
      const { ended } = agent;
      await agent[Symbol.asyncDispose]();
      assert.equal(ended, undefined, 'the agent ended during the tests');
    });

    for (const [area, cases] of Object.entries(table))
      describe(area, () => {
        for (const row of cases)
          it(row.title, { skip: reasonToSkip(row, dialect) }, async () => {
            const folder = join(agent.folder, `case${++folders}`);
            await mkdir(folder);
            const place = { dialect, folder, agentPid: agent.pid };
            if (dialect === 'native') {
              await using client = await NativeClient.connect(agent.socket);
              await row.run({ ...place, client });
            } else if (row.notInAgentMessage === undefined) {
              const form = dialect === 'AgentMessage, plain' ? 'plain' : 'magic';
              await using client = await AgentMessageClient.connect(agent.socket, form);
              await row.run({ ...place, client });
            }
          });
      });
  });

function reasonToSkip(row: ConformanceCase, dialect: DialectName): string | false {
  if (dialect !== 'native' && row.notInAgentMessage !== undefined) return `AgentMessage ${row.notInAgentMessage}`;
  if (isEmulatedAgent && row.notEmulated !== undefined) return `an emulator ${row.notEmulated}`;
  if (isSlowedAgent && row.measuresMemory) return 'memory is measured with the agent as it is released';
  return row.skip ?? false;
}
