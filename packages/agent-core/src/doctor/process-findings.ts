import type { Host } from '../host.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';
import type { Finding } from './finding.ts';

const maxProcesses = 4096;

/** Other agents that serve: this project's, and that of QEMU. */
export interface AgentProcess {
  readonly pid: number;
  readonly kind: 'innkeeper-agent' | 'qemu-ga';
}

/** Processes of this guest, not of its containers' own numbers, that are an agent. */
export function agentProcesses(host: Host): AgentProcess[] {
  return host.files.readDirectory('/proc', maxProcesses).flatMap((name): AgentProcess[] => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === host.system.pid) return [];
    const [program = '', first] = (readTrimmed(host, `/proc/${name}/cmdline`) ?? '').split('\0');
    if (/innkeeper-agent[^/]*$/.test(program) && first === 'serve') return [{ pid, kind: 'innkeeper-agent' }];
    return /(^|\/)qemu-ga$/.test(program) ? [{ pid, kind: 'qemu-ga' }] : [];
  });
}

/** Whether one agent runs, and only one. */
export function processFindings(agents: readonly AgentProcess[]): Finding[] {
  const own = agents.filter(({ kind }) => kind === 'innkeeper-agent').map(({ pid }) => pid);
  const qemu = agents.filter(({ kind }) => kind === 'qemu-ga').map(({ pid }) => pid);
  return [
    oneFinding(own),
    ...(qemu.length === 0
      ? []
      : [
          {
            check: 'other agent',
            state: 'ok' as const,
            detail: `qemu-ga runs as process ${qemu.join(', ')}; it has a port of its own and stays`,
          },
        ]),
  ];
}

function oneFinding(own: readonly number[]): Finding {
  if (own.length === 0)
    return {
      check: 'process',
      state: 'problem',
      detail: 'no innkeeper-agent runs',
      next: 'start it; the check "unit" says how',
    };
  return own.length === 1
    ? { check: 'process', state: 'ok', detail: `the agent runs as process ${own[0]}` }
    : {
        check: 'process',
        state: 'problem',
        detail: `${own.length} agents run: processes ${own.join(', ')}. Only one of them has the port`,
        next: 'stop all but the one that the init system starts',
      };
}
