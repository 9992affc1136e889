import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { silentLog } from '@innkeeper/kit';
import { createAgent } from '../agent.ts';
import { parseConfig } from '../config/read-config.ts';
import { FakeConnection } from '../fake/fake-connection.ts';
import { FakeHost } from '../fake/fake-host.ts';
import { settle } from '../fake/manual-clock.ts';
import { firstRetryMs, refreshMs } from './address-reporter.ts';

const tokenFile = '/etc/innkeeper/token';

/** A manager that keeps what it is sent, and answers with `status`. */
class Manager {
  readonly host = new FakeHost();
  readonly requests: string[] = [];
  readonly warnings: string[] = [];
  /** The first line of its answers; undefined: it accepts no connection; empty: it never answers. */
  status: string | undefined = 'HTTP/1.1 200 OK';

  start(test: TestContext, config: string): void {
    const { host } = this;
    const connect = host.network.connect;
    host.network.connect = async (target, signal) => {
      if (!('address' in target) || this.status === undefined) return await connect(target, signal);
      assert.deepEqual(target, { address: '10.0.2.2', port: 18_080 });
      const [agent, program] = FakeConnection.pair();
      await this.#serve(program);
      return agent;
    };
    const parsed = parseConfig(config, '/etc/innkeeper/agent.toml');
    assert.deepEqual(parsed.problems, []);
    const log = {
      ...silentLog,
      warn: (event: string, fields?: unknown) => this.warnings.push(`${event} ${JSON.stringify(fields)}`),
    };
    const agent = createAgent(host, log, undefined, { config: parsed });
    test.after(async () => {
      const stopped = agent.stop('over');
      await host.clock.advance(1000);
      await stopped;
    });
  }

  async #serve(program: FakeConnection): Promise<void> {
    const { status = '' } = this;
    void (async () => {
      let text = '';
      const buffer = new Uint8Array(4096);
      while (!text.includes('}')) {
        await program.readable();
        const count = program.read(buffer);
        if (count === undefined) return;
        text += new TextDecoder().decode(buffer.subarray(0, count));
      }
      this.requests.push(text);
      if (status !== '') program.write(new TextEncoder().encode(`${status}\r\nContent-Length: 0\r\n\r\n`));
    })();
  }

  addresses(): unknown[] {
    return this.requests.map((text) => JSON.parse(text.slice(text.indexOf('{'))).guest_ip);
  }
}

const config = 'manager_address = "10.0.2.2:18080"\nvm_id = "vm-1"\n';

async function loaded(): Promise<void> {
  // The reporter and the service of telemetry are imported at their first use.
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('reportAddress()', { timeout: 30_000 }, () => {
  it('the address is reported at the start, with the VM’s own token', async (test) => {
    const manager = new Manager();
    manager.host.files.put(tokenFile, 'secret-1\n', { mode: 0o600 });
    manager.start(test, `${config}manager_token_file = "${tokenFile}"\n`);
    await loaded();
    assert.deepEqual(manager.requests, [
      'POST /v1/vms/vm-1/guest-ip HTTP/1.1\r\nHost: 10.0.2.2:18080\r\nContent-Type: application/json\r\n' +
        'Content-Length: 24\r\nAuthorization: Bearer secret-1\r\nConnection: close\r\n\r\n{"guest_ip":"10.0.2.15"}',
    ]);
  });

  it('a new address is reported at once, and the same one again after five minutes', async (test) => {
    const manager = new Manager();
    manager.start(test, config);
    await loaded();
    manager.host.network.rows = [{ linkIndex: 2, address: '10.0.2.99', prefixLength: 24 }];
    manager.host.network.route = () => ({ linkIndex: 2, source: '10.0.2.99' });
    manager.host.network.change();
    await manager.host.clock.advance(2000);
    assert.deepEqual(manager.addresses(), ['10.0.2.15', '10.0.2.99']);
    await manager.host.clock.advance(refreshMs);
    assert.deepEqual(manager.addresses(), ['10.0.2.15', '10.0.2.99', '10.0.2.99']);
  });

  it('a report that fails is repeated, less and less often, and logged once', async (test) => {
    const manager = new Manager();
    manager.status = 'HTTP/1.1 503 Unavailable';
    manager.start(test, config);
    await loaded();
    await manager.host.clock.advance(60_000);
    const failed = manager.requests.length;
    assert.ok(failed >= 3 && failed <= 5, `${failed}`);
    assert.deepEqual(manager.warnings.length, 1);
    assert.match(manager.warnings[0] ?? '', /manager\.not-told .*answered 503/);
    manager.status = 'HTTP/1.1 200 OK';
    await manager.host.clock.advance(120_000);
    assert.equal(manager.requests.length, failed + 1);
  });

  it('a manager that does not answer, speaks something else or is not there is asked again', async (test) => {
    for (const status of ['', 'SSH-2.0-OpenSSH', undefined]) {
      const manager = new Manager();
      manager.status = status;
      manager.start(test, config);
      await loaded();
      await manager.host.clock.advance(10_000);
      manager.status = 'HTTP/1.1 204 No Content';
      const before = manager.requests.length;
      await manager.host.clock.advance(3 * firstRetryMs);
      assert.equal(manager.requests.length, before + 1, status ?? 'no connection');
    }
  });

  it('a token that others can read, or that is missing, is not sent, and neither is the address', async (test) => {
    const manager = new Manager();
    manager.host.files.put(tokenFile, 'secret-1', { mode: 0o644 });
    manager.start(test, `${config}manager_token_file = "${tokenFile}"\n`);
    await loaded();
    await settle();
    assert.deepEqual(manager.requests, []);
    assert.match(manager.warnings[0] ?? '', /others can read/);
  });
});
