import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { silentLog } from '@innkeeper/kit';
import { createAgent } from '../../agent.ts';
import { parseConfig } from '../../config/read-config.ts';
import { createChannelPair } from '../../fake/channel-pair.ts';
import { FakeHost } from '../../fake/fake-host.ts';
import { settle } from '../../fake/manual-clock.ts';
import { createPolicy } from '../../policy/policy.ts';
import { httpIdleMs } from './serve-http.ts';

interface Answer {
  readonly status: number;
  readonly headers: string;
  readonly body: string;
}

/** A connection to the agent, as a poller of metrics has one. */
class Poller {
  readonly host: FakeHost;
  readonly #channel: ReturnType<typeof createChannelPair>[0];
  #text = '';
  isClosed = false;

  constructor(test: TestContext, { name = 'tcp', config: text = '' }: { name?: string; config?: string } = {}) {
    const [ours, theirs] = createChannelPair(name);
    const controller = new AbortController();
    this.host = new FakeHost();
    this.#channel = ours;
    const config = parseConfig(text, '/etc/innkeeper/agent.toml');
    assert.deepEqual(config.problems, []);
    const policy = createPolicy(config, this.host.clock);
    createAgent(this.host, silentLog, undefined, { config, policy })
      .serveChannel(theirs, name === 'tcp' ? 'http' : 'detect', controller.signal)
      .finally(() => theirs.close())
      .then(
        () => {
          this.isClosed = true;
        },
        () => undefined,
      );
    test.after(() => controller.abort());
  }

  async send(text: string): Promise<void> {
    await this.#channel.write(new TextEncoder().encode(text));
  }

  async answer(): Promise<Answer> {
    for (;;) {
      const end = this.#text.indexOf('\r\n\r\n');
      const head = this.#text.slice(0, Math.max(0, end));
      const length = Number(/^Content-Length: (\d+)$/m.exec(head)?.[1] ?? 0);
      if (end >= 0 && this.#text.length >= end + 4 + length) {
        const body = this.#text.slice(end + 4, end + 4 + length);
        this.#text = this.#text.slice(end + 4 + length);
        return { status: Number(/^HTTP\/1\.1 (\d+) /.exec(head)?.[1]), headers: head, body };
      }
      const bytes = await this.#channel.read();
      if (bytes === undefined) throw new Error('The agent closed the connection.');
      this.#text += new TextDecoder().decode(bytes);
    }
  }

  async get(path: string, headers = ''): Promise<Answer> {
    await this.send(`GET ${path} HTTP/1.1\r\nHost: guest\r\n${headers}\r\n`);
    return await this.#afterSample();
  }

  async post(path: string, value: unknown, headers = ''): Promise<Answer> {
    const body = JSON.stringify(value);
    await this.send(`POST ${path} HTTP/1.1\r\nHost: guest\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`);
    return await this.#afterSample();
  }

  /** The share of the CPU needs a second sample. */
  async #afterSample(): Promise<Answer> {
    const answer = this.answer();
    await settle();
    await this.host.clock.advance(200);
    return await answer;
  }
}

const may = 'http_address = "0.0.0.0:8080"\nhttp_configure_interface = true\n';
const fixed = { interface: 'eth0', static_ip: '10.0.2.77/24', gateway: '10.0.2.2' };

describe('serveHttp()', { timeout: 30_000 }, () => {
  it('/health has the status, the time and the version', async (test) => {
    const poller = new Poller(test);
    const { status, body } = await poller.get('/health');
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(body), { status: 'healthy', timestamp: 1_790_000_000, version: '0.1.0' });
  });

  it('/metrics has the six fields of its document, the load and the number of processes', async (test) => {
    const poller = new Poller(test);
    const { status, headers, body } = await poller.get('/metrics');
    assert.equal(status, 200);
    assert.match(headers, /^Content-Type: application\/json$/m);
    const { cpu_usage_percent: cpu, uptime_seconds: uptime, process_count: processes, ...rest } = JSON.parse(body);
    assert.equal(typeof cpu, 'number');
    assert.equal(typeof uptime, 'number');
    assert.ok(processes === null || Number.isInteger(processes));
    assert.deepEqual(rest, {
      memory_usage_percent: 40,
      memory_used_kb: 400_000,
      memory_total_kb: 1_000_000,
      memory_available_kb: 600_000,
      load_average: 0.1,
    });
  });

  it('/metrics is in the format of Prometheus for who accepts text', async (test) => {
    const poller = new Poller(test);
    const { headers, body } = await poller.get('/metrics', 'Accept: text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n');
    assert.match(headers, /^Content-Type: text\/plain; version=0\.0\.4/m);
    assert.match(
      body,
      /^# TYPE innkeeper_guest_memory_used_bytes gauge\ninnkeeper_guest_memory_used_bytes 409600000$/m,
    );
    assert.doesNotMatch(body, /undefined|null/);
  });

  it('interfaces are configured over TCP only where the guest allows it, and never for web pages', async (test) => {
    const closed = new Poller(test);
    const refused = await closed.post('/configure-interface', fixed);
    assert.deepEqual([refused.status, JSON.parse(refused.body).success], [403, false]);
    const open = new Poller(test, { config: may });
    const page = await open.post('/configure-interface', fixed, 'Origin: http://evil.example\r\n');
    assert.equal(page.status, 403);
    assert.deepEqual(open.host.network.rows, closed.host.network.rows);
    const limited = new Poller(test, { config: `${may}[policy]\nfeatures_off = ["network"]\n` });
    const denied = await limited.post('/configure-interface', fixed);
    assert.match(JSON.parse(denied.body).error, /^DENIED_BY_GUEST_POLICY/);
  });

  it('an allowed peer configures an interface, and errors have the status 200', async (test) => {
    const poller = new Poller(test, { config: may });
    const { status, body } = await poller.post('/configure-interface', fixed);
    assert.deepEqual(
      [status, JSON.parse(body)],
      [200, { success: true, interface: 'eth0', mode: 'static', ip: '10.0.2.77/24', gateway: '10.0.2.2' }],
    );
    assert.ok(poller.host.network.rows.some(({ address }) => address === '10.0.2.77'));
    for (const [request, message] of [
      [{ static_ip: '10.0.2.7/24' }, /"interface" is missing/],
      [{ interface: 'nope0', static_ip: '10.0.2.7/24' }, /INTERFACE_NOT_FOUND/],
      [{ interface: 'eth0', static_ip: 5 }, /"static_ip" must be a text/],
      [[], /not a JSON object/],
    ] as const) {
      const answer = await poller.post('/configure-interface', request);
      assert.equal(answer.status, 200);
      assert.deepEqual(JSON.parse(answer.body).success, false);
      assert.match(JSON.parse(answer.body).error, message);
    }
  });

  it('other paths and methods are refused, and the connection goes on', async (test) => {
    const poller = new Poller(test);
    assert.equal((await poller.get('/')).status, 404);
    const wrong = await poller.post('/metrics', {});
    assert.deepEqual([wrong.status, /^Allow: (.*)$/m.exec(wrong.headers)?.[1]], [405, 'GET, HEAD']);
    assert.equal((await poller.get('/configure-interface')).status, 405);
    assert.equal((await poller.get('/health')).status, 200);
    assert.equal(poller.isClosed, false);
  });

  it('a malformed request is answered, and the connection ends', async (test) => {
    const poller = new Poller(test);
    await poller.send('GET / HTTP/1.1\r\n\r\nGET /health HTTP/1.1\r\nHost: g\r\n\r\n');
    const { status, headers } = await poller.answer();
    assert.equal(status, 400);
    assert.match(headers, /^Connection: close$/m);
    await settle();
    assert.equal(poller.isClosed, true);
    const closing = new Poller(test);
    await closing.get('/health', 'Connection: close\r\n');
    await settle();
    assert.equal(closing.isClosed, true);
  });

  it('a connection without a whole request ends after 30 s', async (test) => {
    const poller = new Poller(test);
    await poller.send('GET /health HTTP/1.1\r\nHost: ');
    await poller.host.clock.advance(httpIdleMs - 1);
    assert.equal(poller.isClosed, false);
    await poller.send('x');
    await poller.host.clock.advance(1);
    await settle();
    assert.equal(poller.isClosed, true);
  });

  it('on TCP nothing but HTTP is spoken, and on other sockets HTTP is recognised', async (test) => {
    const tcp = new Poller(test);
    await tcp.send('\0\0\0\x17{"type":"health_check"}');
    await tcp.host.clock.advance(httpIdleMs);
    await settle();
    assert.equal(tcp.isClosed, true);
    const unix = new Poller(test, { name: 'unix' });
    assert.equal((await unix.get('/health')).status, 200);
    assert.equal(JSON.parse((await unix.post('/configure-interface', fixed)).body).success, true);
  });
});
