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

/** Every case, by area. */
export const caseTable: Readonly<Record<string, readonly ConformanceCase[]>> = {
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
