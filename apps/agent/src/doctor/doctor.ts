import { diagnose, type Finding } from '@innkeeper/agent-core';
import { printOut } from 'host';
import { listPorts } from '../channels/find-port.ts';
import { createQuickJsHost } from '../host/quick-js-host.ts';
import type { Options } from '../options.ts';
import { agentVersion } from '../version.ts';

/** Prints what is missing between this guest's agent and its host. Resolves with the exit code: 1 if there is a problem. */
export async function doctor({ configPath, json }: Options & { readonly command: 'doctor' }): Promise<number> {
  const findings = await diagnose(createQuickJsHost(), configPath, listPorts());
  const ok = findings.every(({ state }) => state !== 'problem');
  if (json) printOut(JSON.stringify({ version: agentVersion, ok, findings }));
  else for (const line of findings.flatMap(linesOf)) printOut(line);
  return ok ? 0 : 1;
}

const marks = { ok: 'ok     ', warning: 'warning', problem: 'PROBLEM' } as const;

function linesOf({ check, state, detail, next }: Finding): string[] {
  return [`${marks[state]} ${check}: ${detail}`, ...(next === undefined ? [] : [`        → ${next}`])];
}
