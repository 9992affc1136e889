import { request } from 'node:http';
import { OperationError } from '@innkeeper/contract/errors';
import { throwError } from './agent-message-client.ts';
import type { GuestAdmin } from './guest-admin.ts';
import type { GuestClient } from './guest-client.ts';
import { LimitedClient, noAdmin } from './limited-client.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Polls the agent as a manager does, with the requests of its document. */
export class HttpClient extends LimitedClient {
  readonly admin: GuestAdmin = {
    ...noAdmin,
    refusedNetwork: async (name) => {
      const settings = { interface: name, static_ip: '192.0.2.5/24', gateway: '192.0.2.1' };
      for (const member of Object.keys(settings)) this.#asked.add(`POST /configure-interface.${member}`);
      const answer = await this.#ask('POST /configure-interface', JSON.stringify(settings));
      if (answer['success'] !== true) throwError(String(answer['error']));
    },
  };
  readonly #path: string;
  readonly #asked: Set<string>;

  private constructor(path: string, asked: Set<string>) {
    super();
    this.#path = path;
    this.#asked = asked;
  }

  static connect(path: string, asked: Set<string>): Promise<HttpClient> {
    return Promise.resolve(new HttpClient(path, asked));
  }

  async alive(): Promise<void> {
    await this.ping();
  }

  override ping: GuestClient['ping'] = async () => ({
    agentVersion: String((await this.#ask('GET /health'))['version']),
  });

  override clock: GuestClient['clock'] = async () => ({
    unixMs: Number((await this.#ask('GET /health'))['timestamp']) * 1000,
    resolutionMs: 1000,
  });

  override figures: GuestClient['figures'] = async () => {
    const metrics = await this.#ask('GET /metrics');
    return {
      memoryTotalBytes: Number(metrics['memory_total_kb']) * 1024,
      memoryUsedBytes: Number(metrics['memory_used_kb']) * 1024,
      uptimeSeconds: Number(metrics['uptime_seconds']),
      loadOneMinute: Number(metrics['load_average']),
      cpuBusyPercent: metrics['cpu_usage_percent'] === null ? undefined : Number(metrics['cpu_usage_percent']),
    };
  };

  async unknownOperation(): Promise<void> {
    const { status } = await this.#send('GET /nothing');
    if (status === 404) throw new OperationError('UNSUPPORTED_BY_AGENT', 'There is nothing at this path.');
  }

  async malformed(): Promise<string | undefined> {
    const { body } = await this.#send('POST /configure-interface', '{"interface":5}');
    const { success, error } = JSON.parse(body) as Fields;
    return success === false && /"interface" must be a text/.test(String(error)) ? 'INVALID_ARGUMENT' : body;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  async #ask(what: string, body?: string): Promise<Fields> {
    this.#asked.add(what);
    const answer = await this.#send(what, body);
    if (answer.status !== 200) throw new Error(`${what} has the status ${answer.status}.`);
    return JSON.parse(answer.body) as Fields;
  }

  #send(what: string, body?: string): Promise<{ readonly status: number; readonly body: string }> {
    const [method, path] = what.split(' ');
    return new Promise((resolve, reject) => {
      const sent = request({ socketPath: this.#path, method, path }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          text += piece;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }
}
