import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { silentLog } from '@innkeeper/kit';
import { createAgent } from '../../agent.ts';
import { createChannelPair } from '../../fake/channel-pair.ts';
import { FakeHost } from '../../fake/fake-host.ts';
import { settle } from '../../fake/manual-clock.ts';
import { lastAnswerMs } from '../../serving/serve-in-turn.ts';

type Json = Readonly<Record<string, unknown>>;

/** A host of this dialect, written from its document alone. */
class JsonHost {
  readonly host: FakeHost;
  readonly #channel: ReturnType<typeof createChannelPair>[0];
  #bytes = Buffer.alloc(0);
  isClosed = false;

  constructor(test: TestContext, host: FakeHost) {
    const [ours, theirs] = createChannelPair();
    const controller = new AbortController();
    this.host = host;
    this.#channel = ours;
    const agent = createAgent(host, silentLog);
    agent
      .serveChannel(theirs, 'detect', controller.signal)
      .finally(() => theirs.close())
      .then(
        () => {
          this.isClosed = true;
        },
        () => undefined,
      );
    test.after(() => controller.abort());
  }

  async send(request: unknown): Promise<void> {
    await this.sendText(typeof request === 'string' ? request : JSON.stringify(request));
  }

  async sendText(json: string): Promise<void> {
    await this.sendBytes(frame(Buffer.from(json)));
  }

  async sendBytes(bytes: Uint8Array): Promise<void> {
    await this.#channel.write(bytes);
  }

  async answer(): Promise<Json> {
    for (;;) {
      const length = this.#bytes.length >= 4 ? this.#bytes.readUInt32BE() : undefined;
      if (length !== undefined && this.#bytes.length >= 4 + length) {
        assert.ok(length <= 1_048_576, `${length}`);
        const json = this.#bytes.subarray(4, 4 + length).toString();
        this.#bytes = this.#bytes.subarray(4 + length);
        return JSON.parse(json) as Json;
      }
      const bytes = await this.#channel.read();
      if (bytes === undefined) throw new Error('The agent closed the connection.');
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
    }
  }

  async ask(request: unknown): Promise<Json> {
    await this.send(request);
    return await this.answer();
  }

  leave(): Promise<void> {
    return this.#channel.close();
  }
}

function frame(body: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}

function connect(test: TestContext, host = new FakeHost()): JsonHost {
  return new JsonHost(test, host);
}

describe('serveJsonFrames()', { timeout: 30_000 }, () => {
  it('health_check, exec and write_file are answered as their document says', async (test) => {
    const host = connect(test);
    await host.host.clock.advance(61_000);
    assert.deepEqual(await host.ask('{"type":"health_check"}'), { status: 'ok', uptime_secs: 61, hostname: 'fake' });
    assert.deepEqual(await host.ask('{"type":"exec","command":"echo","args":["$HOME","Zoë"]}'), {
      status: 'ok',
      exit_code: 0,
      stdout: '$HOME Zoë\n',
      stderr: '',
    });
    const write = { type: 'write_file', path: '/tmp/a', content: 'one\n', mode: 416, append: false };
    assert.deepEqual(await host.ask(write), { status: 'ok', message: 'wrote 4 bytes to /tmp/a' });
    await host.ask({ ...write, content: 'two\n', append: true });
    assert.equal(host.host.files.text('/tmp/a'), 'one\ntwo\n');
    assert.equal(host.host.files.stat('/tmp/a', false).mode, 0o640);
  });

  it('report_status has all nine fields', async (test) => {
    const host = connect(test);
    const asked = host.ask({ type: 'report_status' });
    await settle();
    await host.host.clock.advance(200);
    const { status, cpu_usage_percent: cpu, ...figures } = await asked;
    assert.equal(status, 'ok');
    assert.equal(typeof cpu, 'number');
    assert.deepEqual(Object.keys(figures), [
      'uptime_secs',
      'memory_total_mb',
      'memory_used_mb',
      'disk_total_gb',
      'disk_used_gb',
      'network_rx_bytes',
      'network_tx_bytes',
      'load_avg_1m',
    ]);
    assert.deepEqual([figures['memory_total_mb'], figures['memory_used_mb'], figures['load_avg_1m']], [976, 390, 0.1]);
    for (const [name, value] of Object.entries(figures)) assert.ok(Number(value) >= 0, name);
  });

  it('configure_network changes the kernel’s addresses and writes no file', async (test) => {
    const host = connect(test);
    const before = host.host.jobs.ran.length;
    const request = { type: 'configure_network', ip: '10.0.2.77/24', gateway: '10.0.2.2', dns: [] };
    assert.deepEqual(await host.ask(request), { status: 'ok', message: 'network configured' });
    const addresses = host.host.network.rows.filter(({ linkIndex }) => linkIndex === 2).map(({ address }) => address);
    assert.ok(addresses.includes('10.0.2.77') && !addresses.includes('10.0.2.15'), `${addresses}`);
    assert.equal(host.host.jobs.ran.length, before);
    const refused = await host.ask({ ...request, ip: '10.0.2.77' });
    assert.match(String(refused['message']), /^INVALID_ARGUMENT: ipv4: "10\.0\.2\.77" is not an address/);
  });

  it('output that does not fit into a frame is cut with a marker, and both streams keep some', async (test) => {
    const host = connect(
      test,
      new FakeHost({
        programs: {
          '/usr/bin/loud': async ({ write, writeError }) => {
            // Escaped, each byte is six.
            for (let count = 0; count < 40; count++) await write(new Uint8Array(10_000).fill(1));
            for (let count = 0; count < 40; count++) await writeError(new Uint8Array(10_000).fill(0xff));
            return 7;
          },
        },
      }),
    );
    const { exit_code: code, stdout, stderr } = await host.ask({ type: 'exec', command: 'loud', args: [] });
    assert.equal(code, 7);
    for (const text of [String(stdout), String(stderr)]) {
      assert.ok(text.length > 40_000 && text.length < 400_000, `${text.length}`);
      assert.match(text, /\n\[output cut by the agent\]\n$/);
    }
  });

  it('unknown, malformed and hostile requests get an error, and the connection stays open', async (test) => {
    const host = connect(test);
    for (const [request, message] of [
      ['{"type":"reboot"}', /^UNSUPPORTED_BY_AGENT: .*"reboot"/],
      ['{"type":1}', /^INVALID_ARGUMENT: The field "type" must be a text/],
      ['{}', /"type"/],
      ['[]', /not a JSON object/],
      ['{"type":"exec"', /not JSON/],
      ['', /not JSON/],
      ['{"type":"exec","command":"true"}', /"args" must be a list of texts/],
      ['{"type":"exec","command":"true","args":[1]}', /"args" must be a list of texts/],
      ['{"type":"write_file","path":"/tmp/x","content":"","mode":-1,"append":false}', /"mode" must be a whole number/],
      ['{"type":"write_file","path":"../x","content":"","mode":420,"append":false}', /^INVALID_PATH/],
      ['{"type":"exec","command":"nope","args":[]}', /^COMMAND_NOT_FOUND/],
      [`{"type":${'['.repeat(500_000)}`, /nested deeper/],
      [`{"type":"exec","command":"true","args":[${'"",'.repeat(20_000)}""]}`, /more than 10000 values/],
      ['{"__proto__":{"type":"exec"}}', /"type" must be a text/],
    ] as const) {
      const { status, message: said } = await host.ask(request);
      assert.equal(status, 'error', request.slice(0, 80));
      assert.match(String(said), message);
    }
    assert.equal((await host.ask('{"type":"health_check"}'))['status'], 'ok');
  });

  it('a frame above 1 MiB is refused, and the connection ends', async (test) => {
    const host = connect(test);
    await host.ask('{"type":"health_check"}');
    await host.sendBytes(Buffer.from([0, 0x10, 0, 1, 0x7b]));
    const { status, message } = await host.answer();
    assert.equal(status, 'error');
    assert.match(String(message), /has 1048577 bytes; the maximum is 1048576/);
    await assert.rejects(host.answer());
  });

  it('requests that are sent at once are answered in order', async (test) => {
    const host = connect(test);
    for (const word of ['a', 'b', 'c']) await host.send({ type: 'exec', command: 'echo', args: [word] });
    const said = [await host.answer(), await host.answer(), await host.answer()].map(({ stdout }) => stdout);
    assert.deepEqual(said, ['a\n', 'b\n', 'c\n']);
  });

  it('a frame in pieces of one byte is one request', async (test) => {
    const host = connect(test);
    for (const byte of frame(Buffer.from('{"type":"health_check"}'))) await host.sendBytes(new Uint8Array([byte]));
    assert.equal((await host.answer())['status'], 'ok');
  });

  it('a peer that left during a command keeps no session for longer than a minute', async (test) => {
    const host = connect(test);
    await host.send({ type: 'exec', command: 'sleep', args: ['100000'] });
    await settle();
    await host.leave();
    await settle();
    assert.equal(host.isClosed, false);
    await host.host.clock.advance(lastAnswerMs);
    await settle();
    assert.equal(host.isClosed, true);
  });
});
