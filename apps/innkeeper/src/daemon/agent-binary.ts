import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { OperationError } from '@innkeeper/contract';
import { mib } from '@innkeeper/kit';
import { readRegularFile, runProgram } from '../host-tools/index.ts';

/** The agent has less than 1 MiB; what is far larger is something else. */
export const maxAgentBytes = 64 * mib;

/** The agent that is put into images. */
export interface AgentBinary {
  readonly path: string;
  readonly version: string;
  /** First 12 hex digits of the SHA-256 of the file: tells builds of one version apart. */
  readonly build: string;
}

/** Where the build puts it, for this machine's architecture. */
export const defaultAgentBinaryPath = join(
  import.meta.dirname,
  `../../../../dist/agent/innkeeper-agent-linux-${process.arch === 'arm64' ? 'arm64' : 'x64'}`,
);

/**
 * Looks at an agent binary; undefined when there is no such file. Rejects with INVALID_ARGUMENT when it does not say its
 * version.
 */
export async function findAgentBinary(path: string): Promise<AgentBinary | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readRegularFile(path, maxAgentBytes);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const version = await askVersion(path);
  return { path, version, build: createHash('sha256').update(bytes).digest('hex').slice(0, 12) };
}

async function askVersion(path: string): Promise<string> {
  let why = 'it does not answer with a version';
  try {
    const { exitCode, stdout } = await runProgram(path, ['--version'], { timeoutMs: 10_000 });
    const version = /(\d+\.\d+\S*)/.exec(stdout)?.[1];
    if (exitCode === 0 && version !== undefined) return version;
  } catch (error) {
    why = error instanceof Error ? error.message : String(error);
  }
  throw new OperationError('INVALID_ARGUMENT', `The agent ${path} cannot be used: ${why}`, {
    nextStep: 'Build it again with "npm run build:agent", or name another one with --agent-binary.',
  });
}
