import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { OperationError } from '@innkeeper/contract';
import { errorMessage, mib } from '@innkeeper/kit';
import { readRegularFile } from '@innkeeper/kit/node';
import { type ByArchitecture, hostArchitecture, machineOf } from './agent-architecture.ts';
import { runProgram } from './host-tools/index.ts';

/** The agent is smaller than 1 MiB; a far larger file is something else. */
export const maxAgentBytes = 64 * mib;

/** The agent that is installed in images: one file for each architecture for which it was built. */
export interface AgentBinary {
  readonly paths: ByArchitecture<string>;
  readonly version: string;
  /** First 12 hex digits of the SHA-256 of the files; distinguishes builds of one version. */
  readonly build: string;
}

/** Where the build writes it, for this host's architecture. */
export const defaultAgentBinaryPath = join(
  import.meta.dirname,
  `../../../dist/agent/innkeeper-agent-linux-${process.arch === 'arm64' ? 'arm64' : 'x64'}`,
);

/**
 * Inspects an agent binary of this host's architecture, and the one for the other architecture next to it (…-x64 and
 * …-arm64, as the build names them). Resolves to undefined when the first does not exist. Rejects with INVALID_ARGUMENT
 * when it does not report its version.
 */
export async function findAgentBinary(path: string): Promise<AgentBinary | undefined> {
  const own = await readIfThere(path);
  if (own === undefined) return undefined;
  const version = await askVersion(path);
  const hash = createHash('sha256').update(own);
  const paths: { -readonly [K in keyof AgentBinary['paths']]: string } = { [hostArchitecture]: path };
  const otherPath = path.replace(/-(x64|arm64)$/, (_, name) => (name === 'x64' ? '-arm64' : '-x64'));
  const other = otherPath === path ? undefined : await readIfThere(otherPath);
  const machine = other === undefined ? undefined : machineOf(other);
  if (other !== undefined && typeof machine === 'string' && machine !== hostArchitecture) {
    paths[machine] = otherPath;
    hash.update(other);
  }
  return { paths, version, build: hash.digest('hex').slice(0, 12) };
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readRegularFile(path, maxAgentBytes);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function askVersion(path: string): Promise<string> {
  let why = 'it does not report a version';
  try {
    const { exitCode, stdout } = await runProgram(path, ['--version'], { timeoutMs: 10_000 });
    const version = /(\d+\.\d+\S*)/.exec(stdout)?.[1];
    if (exitCode === 0 && version !== undefined) return version;
  } catch (error) {
    why = errorMessage(error);
  }
  throw new OperationError('INVALID_ARGUMENT', `The agent ${path} cannot be used: ${why}`, {
    nextStep: 'Build it again with "npm run build:agent", or choose another one with --agent-binary.',
  });
}
