import assert from 'node:assert/strict';
import { once } from 'node:events';
import { guestScript } from '../guest-shell.ts';
import { inn, innText, spawnInn } from '../inn.ts';

interface Entry {
  readonly message: string;
  readonly source?: string;
  readonly priority?: number;
}

/** Checks the logs of a guest: of the kernel, of the agent, of a file that is followed, and the journal where there is one. */
export async function checkLogs(
  name: string,
  init: string,
  options: { readonly dataDirectory: string },
): Promise<void> {
  const sh = (script: string): Promise<string> => guestScript(name, script, options);
  const read = async (...words: readonly string[]): Promise<Entry[]> => {
    const text = await innText(['logs', name, '-o', 'json', ...words], options);
    return text === ''
      ? []
      : text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Entry);
  };

  await sh('echo "<3>innkeeper test: something is wrong" >/dev/kmsg');
  const errors = await read('--dmesg', '-p', 'error', '--grep', 'innkeeper test');
  assert.deepEqual(
    errors.map(({ message, priority }) => [message, priority]),
    [['innkeeper test: something is wrong', 3]],
  );
  const release = (await sh('uname -r')).trim();
  assert.ok(
    (await read('--dmesg', '-n', '10000')).some(({ message }) => message.includes(release)),
    release,
  );
  assert.notDeepEqual(await read('--agent'), []);

  await sh('printf "one\\ntwo\\n" >/var/log/test.log');
  assert.deepEqual(
    (await read('--file', '/var/log/test.log', '-n', '1')).map(({ message }) => message),
    ['two'],
  );
  const follower = spawnInn(['logs', name, '--file', '/var/log/test.log', '-f', '-n', '1'], options);
  const heard = linesOf(follower.stdout);
  assert.equal((await heard.next()).value, 'two');
  await sh('echo three >>/var/log/test.log');
  assert.equal((await heard.next()).value, 'three');
  await sh('mv /var/log/test.log /var/log/test.log.1; echo four >/var/log/test.log');
  assert.equal((await heard.next()).value, 'four');
  follower.kill('SIGTERM');
  if (follower.exitCode === null && follower.signalCode === null) await once(follower, 'exit');

  if (init === 'systemd') await checkJournal(read, sh);
  else {
    const none = await inn(['logs', name], options);
    assert.notEqual(none.exitCode, 0);
    assert.match(none.stderr, /journal/);
  }
}

async function checkJournal(
  read: (...words: readonly string[]) => Promise<Entry[]>,
  sh: (script: string) => Promise<string>,
): Promise<void> {
  await sh('echo "from a test, two lines" | systemd-cat -t innkeeper-test -p warning');
  const [entry] = await read('--grep', 'from a test, two lines', '-p', 'warning');
  assert.deepEqual([entry?.source, entry?.priority, entry?.message], ['innkeeper-test', 4, 'from a test, two lines']);
  assert.deepEqual(await read('--grep', 'from a test, two lines', '-p', 'error'), []);
  const ofAgent = await read('--unit', 'innkeeper-agent');
  const expected = await sh('journalctl -u innkeeper-agent.service -o cat --no-pager | tail -n 1');
  assert.ok(
    ofAgent.some(({ message }) => message === expected.trim()),
    `${expected} is not among ${ofAgent.length}`,
  );
  assert.deepEqual(await read('--unit', 'no-such-unit'), []);
  const count = Number(await sh('journalctl -b -p 4 --no-pager -o cat | wc -l'));
  assert.ok(count === 0 || (await read('-p', 'warning', '-n', '10000')).length > 0);
}

async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<string, undefined> {
  let text = '';
  for await (const chunk of stream) {
    text += chunk.toString();
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      yield text.slice(0, end);
      text = text.slice(end + 1);
    }
  }
  return undefined;
}
