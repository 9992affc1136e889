import type { AgentLink } from '@innkeeper/agent-client';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import type { RunSpec } from '@innkeeper/contract/control';
import { scriptPath } from './run-spec.ts';

const removeTimeoutMs = 10_000;

/** Writes the script of a run to the guest, readable only by the user that runs it. */
export async function writeScript(agent: AgentLink, runId: string, spec: RunSpec, signal: AbortSignal): Promise<void> {
  const owner = {
    ...(spec.user === '' ? {} : { user: spec.user }),
    ...(spec.group === '' ? {} : { group: spec.group }),
  };
  const content = Buffer.from(spec.script);
  await agent.writeFile(
    { path: scriptPath(runId), mode: 0o700, noSync: true, sizeBytes: BigInt(content.length), ...owner },
    async function* (offset) {
      yield content.subarray(Number(offset));
    },
    { signal },
  );
}

/** Removes the script, which may already be missing. */
export async function removeScript(agent: AgentLink, runId: string): Promise<void> {
  await agent.call(
    FileServiceLite.remove,
    { path: scriptPath(runId), ignoreMissing: true },
    { timeoutMs: removeTimeoutMs },
  );
}
