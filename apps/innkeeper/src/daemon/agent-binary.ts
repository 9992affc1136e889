import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../host-tools/run-program.ts';

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

/** Looks at an agent binary; undefined when there is no such file. Rejects when it does not say its version. */
export async function findAgentBinary(path: string): Promise<AgentBinary | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const { exitCode, stdout } = await runProgram(path, ['--version'], { timeoutMs: 10_000 });
  const version = /(\d+\.\d+\S*)/.exec(stdout)?.[1];
  if (exitCode !== 0 || version === undefined) throw new Error(`${path} --version does not answer with a version.`);
  return { path, version, build: createHash('sha256').update(bytes).digest('hex').slice(0, 12) };
}
