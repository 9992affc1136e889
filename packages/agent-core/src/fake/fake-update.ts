import { UpdateServiceLite } from '@innkeeper/contract/agent-lite';
import { updateKeyLine, updateKeysPath, updateManifestText } from '@innkeeper/contract/agent-update';
import { hex } from '../hex.ts';
import type { FakeAgent } from './fake-agent.ts';
import type { FakeHost } from './fake-host.ts';
import { fakeSignature } from './fake-program-port.ts';
import type { ManualClock } from './manual-clock.ts';
import { createSha256 } from './sha256.ts';

const program = new TextEncoder().encode('the next agent');
const key = Uint8Array.from({ length: 32 }, (_, index) => index);

/** The line of the key that fake updates are signed with. */
export const fakeUpdateKeyLine = updateKeyLine(hex(key), 'test');

/** SHA-256 of the program that `sendUpdate` sends. */
export const nextSha256 = (() => {
  const hash = createSha256();
  hash.update(program);
  return hash.digest();
})();

/** A guest that can be updated to version 0.2.0, which is "the next agent". */
export function makeUpdatable(host: FakeHost): FakeHost {
  host.files.put(updateKeysPath, fakeUpdateKeyLine, { mode: 0o644 });
  host.files.put(host.program.path, 'this agent', { mode: 0o755 });
  host.jobs.results.set(`${host.program.path}.new --update-check`, { stdout: 'innkeeper-agent 0.2.0 takes over 1\n' });
  return host;
}

/** Sends an update; the call, once the agent has no more to do without time passing. */
export async function sendUpdate({ node, host }: FakeAgent<ManualClock>) {
  const [version, architecture, size] = ['0.2.0', 'x86_64', program.length];
  const text = updateManifestText({ version, architecture, size, sha256: hex(nextSha256) });
  const signature = fakeSignature(key, new TextEncoder().encode(text));
  const value = { version, architecture, size: BigInt(size), sha256: nextSha256, signature };
  const call = await node.open(UpdateServiceLite.apply, { input: { case: 'manifest', value } }, { more: true });
  if (call.reason === undefined) await call.send({ input: { case: 'data', value: program } }, true);
  for (let turns = 0; turns < 20 && call.reason === undefined; turns++) await host.clock.advance(1);
  return call;
}
