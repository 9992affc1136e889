import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import type { AgentLink } from '@innkeeper/agent-client';
import type { UpdateManifest } from '@innkeeper/contract/agent';
import { UpdateServiceLite } from '@innkeeper/contract/agent-lite';
import { updateKeyLine, updateManifestText } from '@innkeeper/contract/agent-update';
import { agentBinary } from './running-agent.ts';

/** A key pair for updates, and the line of the guest's file for it. */
export interface UpdateKey {
  readonly privateKey: KeyObject;
  readonly line: string;
}

export function makeUpdateKey(): UpdateKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const key = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('hex');
  return { privateKey, line: updateKeyLine(key, 'test') };
}

export type Manifest = Omit<UpdateManifest, '$typeName' | '$unknown'>;

const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';

/** The manifest of a program, signed; `facts` replace what is signed, too. */
export function signedManifest(
  { privateKey }: UpdateKey,
  program: Uint8Array,
  facts: { readonly version: string; readonly architecture?: string; readonly size?: number },
): Manifest {
  const sha256 = createHash('sha256').update(program).digest();
  const signed = { architecture: machine, size: program.length, ...facts, sha256: sha256.toString('hex') };
  const signature = sign(null, Buffer.from(updateManifestText(signed)), privateKey);
  return {
    version: signed.version,
    architecture: signed.architecture,
    size: BigInt(signed.size),
    sha256,
    signature,
    allowOlder: false,
    confirmWithinSeconds: 30,
    cutCalls: false,
  };
}

/** The agent's program with another version: its bytecode has the version as text of the same length. */
export async function programOfVersion(version: string): Promise<Buffer> {
  const program = await readFile(agentBinary);
  const own = Buffer.from('0.1.0');
  if (version.length !== own.length) throw new Error('the version must be as long as the own one');
  let found = 0;
  for (let at = program.indexOf(own); at >= 0; at = program.indexOf(own, at + 1), found++) program.write(version, at);
  if (found === 0) throw new Error('the agent’s version was not found in its program');
  return program;
}

/** Writes a program that can be started. */
export async function writeProgram(path: string, program: Uint8Array): Promise<void> {
  await writeFile(path, program);
  await chmod(path, 0o755);
}

/** Sends an update up to the event that the agent goes on as the new one. Rejects with the agent's error. */
export async function applyUpdate(link: AgentLink, manifest: Manifest, program: Uint8Array): Promise<void> {
  const accepted = Promise.withResolvers<void>();
  async function* requests() {
    yield { input: { case: 'manifest' as const, value: manifest } };
    await accepted.promise;
    for (let at = 0; at < program.length; at += 60_000)
      yield { input: { case: 'data' as const, value: program.subarray(at, at + 60_000) } };
  }
  let isSwitching = false;
  try {
    for await (const { event } of link.stream(UpdateServiceLite.apply, requests())) {
      if (event.case === 'accepted') accepted.resolve();
      isSwitching ||= event.case === 'switching';
    }
  } catch (error) {
    accepted.reject(error);
    accepted.promise.catch(() => undefined);
    if (!isSwitching) throw error;
  }
}

/** Confirms an update in the next session. */
export async function confirmUpdate(link: AgentLink, { sha256 }: Manifest): Promise<string> {
  return (await link.call(UpdateServiceLite.confirm, { sha256 })).version;
}
