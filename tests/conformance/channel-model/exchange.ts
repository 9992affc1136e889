import assert from 'node:assert/strict';
import type { AgentLink } from '@innkeeper/agent-client';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import type { ModelGuest } from './model-guest.ts';
import type { PortModel } from './port-model.ts';

const uploadPath = '/tmp/up';
const downloadPath = '/tmp/down';
const uploaded = new TextEncoder().encode('what is sent to the guest, whole or not at all');
const downloaded = new TextEncoder().encode('what the guest has, from its first byte to its last');
const command = 'echo one; echo two >&2; seq 9; exit 3';
const commandOutput = { stdout: 'one\n1\n2\n3\n4\n5\n6\n7\n8\n9\n', stderr: 'two\n' };

/**
 * Executes one call of each kind and asserts that each gets its own complete response. Every call is made once: resuming
 * after a cut is up to the link. Resolves to the number of bytes up to the last response.
 */
export async function runExchange({ link, host, port, clock }: ModelGuest): Promise<PortModel['counts']> {
  host.files.put(downloadPath, downloaded);
  if (host.files.exists(uploadPath)) host.files.remove(uploadPath);
  const commandsBefore = host.processes.spawned.length;
  const seen = watchTarget(host, port);
  await clock.run(
    (async () => {
      assert.equal((await link.ping()).agentVersion, '0.1.0');
      await followCommand(link);
      await upload(link);
      await download(link);
      // Concurrently: a response to the wrong call would have the other's path.
      const paths = ['/etc/passwd', '/etc/group'];
      const infos = await Promise.all(paths.map((path) => link.call(FileServiceLite.stat, { path })));
      assert.deepEqual(
        infos.map(({ path }) => path),
        paths,
      );
    })(),
  );
  assert.equal(host.processes.spawned.length - commandsBefore, 1, 'the command ran once');
  assert.ok(Buffer.from(host.files.bytes(uploadPath)).equals(uploaded), 'the upload is complete');
  assert.deepEqual([...seen], [], 'the target was partial at some moment');
  const { counts } = port;
  // Also after a cut following the last response.
  assert.equal((await clock.run(link.ping())).agentVersion, '0.1.0');
  return counts;
}

async function followCommand(link: AgentLink): Promise<void> {
  const output = { stdout: '', stderr: '' };
  let nextOffset = 0;
  let code: number | undefined;
  for await (const { event } of link.exec({ shellCommand: command }).events) {
    if (event.case === 'output') {
      assert.equal(Number(event.value.offset), nextOffset, 'output continues at the right offset');
      nextOffset += event.value.data.length;
      output[event.value.stream === 1 ? 'stdout' : 'stderr'] += new TextDecoder().decode(event.value.data);
    } else if (event.case === 'gap') assert.fail('output is missing');
    else if (event.case === 'exited' && event.value.status.case === 'exitCode') code = event.value.status.value;
  }
  assert.deepEqual({ ...output, code }, { ...commandOutput, code: 3 });
}

async function upload(link: AgentLink): Promise<void> {
  const done = await link.writeFile({ path: uploadPath, uploadId: 'u' }, async function* (offset) {
    yield uploaded.subarray(Number(offset), 20);
    yield uploaded.subarray(Math.max(20, Number(offset)));
  });
  assert.equal(Number(done.bytes), uploaded.length);
}

async function download(link: AgentLink): Promise<void> {
  const reading = link.readFile({ path: downloadPath });
  const pieces: Uint8Array[] = [];
  for await (const chunk of reading.chunks) pieces.push(chunk.slice());
  assert.ok(Buffer.concat(pieces).equals(downloaded), 'the download is complete');
  assert.equal(Number((await reading.done).bytes), downloaded.length);
}

/** Checks the upload's target whenever the node writes; returns contents that were neither absent nor complete. */
function watchTarget(host: ModelGuest['host'], port: ModelGuest['port']): Set<string> {
  const wrong = new Set<string>();
  port.onNodeWrite = () => {
    if (!host.files.exists(uploadPath)) return;
    const text = host.files.text(uploadPath);
    if (text.length !== uploaded.length) wrong.add(text);
  };
  return wrong;
}
