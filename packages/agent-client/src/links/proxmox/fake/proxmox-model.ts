import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** A request that came with a token. */
export interface ProxmoxAsked {
  readonly method: string;
  readonly path: string;
  readonly form: URLSearchParams;
  readonly authorization: string;
}

export interface ProxmoxModelOptions {
  /** Answers instead of the model; true: it did. */
  readonly instead?: ((asked: ProxmoxAsked, response: ServerResponse) => boolean) | undefined;
  /** The state of VM 100. Default: running, with the agent on. */
  status?: { readonly status: string; readonly agent?: number } | undefined;
  /** The host that VM 100 is on. Default: "pve1". */
  node?: string | undefined;
}

/** A Proxmox VE with one VM, written from the documentation of its API; files and commands of the guest are kept in memory. */
export interface ProxmoxModel extends AsyncDisposable {
  readonly port: number;
  readonly token: string;
  readonly fingerprint: string;
  /** PEM. */
  readonly certificate: string;
  readonly asked: readonly ProxmoxAsked[];
  readonly files: Map<string, Buffer>;
  /** Whether the guest's file systems are frozen. */
  frozen: boolean;
}

export const modelToken = 'inn@pve!adopt=12345678-1234-1234-1234-123456789abc';
const commands = [
  'exec',
  'exec-status',
  'file-open',
  'file-read',
  'file-seek',
  'file-close',
  'file-write',
  'file-flush',
];
const others = ['ping', 'shutdown', 'set-user-password', 'fsfreeze-status', 'fsfreeze-freeze', 'fsfreeze-thaw'];
const plain = ['get-osinfo', 'get-host-name', 'network-get-interfaces'];

export async function startProxmoxModel(folder: string, options: ProxmoxModelOptions = {}): Promise<ProxmoxModel> {
  const { key, certificate } = await makeCertificate(folder);
  const asked: ProxmoxAsked[] = [];
  const files = new Map<string, Buffer>([['/etc/issue', Buffer.from('päng\n\0\xff', 'latin1')]]);
  const model = { asked, files, token: modelToken, certificate, frozen: false };
  const results = new Map<number, object>();

  /** The documented answer of `…/agent/{command}`; undefined: the API has no such command. */
  const agent = (command: string, form: URLSearchParams): unknown => {
    switch (command) {
      case 'info':
        return {
          result: {
            version: '9.0.2',
            supported_commands: [...commands, ...others, ...plain].map((name) => ({
              name: `guest-${name}`,
              enabled: true,
            })),
          },
        };
      case 'ping':
      case 'set-user-password':
      case 'shutdown':
        return { result: {} };
      case 'get-osinfo':
        return { result: { id: 'debian', 'pretty-name': 'Debian 13', 'kernel-release': '6.12', machine: 'x86_64' } };
      case 'get-host-name':
        return { result: { 'host-name': 'web' } };
      case 'network-get-interfaces':
        return {
          result: [
            { name: 'eth0', 'ip-addresses': [{ 'ip-address': '10.0.0.9', 'ip-address-type': 'ipv4', prefix: 24 }] },
          ],
        };
      case 'fsfreeze-status':
        return { result: model.frozen ? 'frozen' : 'thawed' };
      case 'fsfreeze-freeze':
        model.frozen = true;
        return { result: 2 };
      case 'fsfreeze-thaw':
        model.frozen = false;
        return { result: 2 };
      case 'file-read': {
        const content = files.get(form.get('file') ?? '');
        if (content === undefined) return undefined;
        return { content: content.toString('latin1'), 'bytes-read': content.length };
      }
      case 'file-write': {
        const content = form.get('content') ?? '';
        files.set(
          form.get('file') ?? '',
          form.get('encode') === '0' ? Buffer.from(content, 'base64') : Buffer.from(content),
        );
        return null;
      }
      case 'exec': {
        const pid = 100 + results.size;
        results.set(pid, run(form.getAll('command'), form.get('input-data'), files));
        return { pid };
      }
      case 'exec-status':
        return results.get(Number(form.get('pid')));
      default:
        return undefined;
    }
  };

  const answer = (request: ProxmoxAsked, response: ServerResponse) => {
    const refuse = (status: number, text: string): void => void response.writeHead(status, text).end('{"data":null}');
    const say = (data: unknown): void => void response.end(JSON.stringify({ data }));
    const { status = 'running', agent: isOn = 1 } = options.status ?? {};
    const node = options.node ?? 'pve1';
    if (request.authorization !== `PVEAPIToken=${modelToken}`) return refuse(401, 'authentication failure');
    asked.push(request);
    if (options.instead?.(request, response) === true) return;
    if (request.path === '/cluster/resources')
      return say([
        { type: 'qemu', vmid: 100, node, name: 'Web.Server', status },
        { type: 'qemu', vmid: 900, node, name: 'template', template: 1 },
        { type: 'lxc', vmid: 101, node, name: 'container' },
        { type: 'qemu', vmid: 102, node: '../../access', name: 'evil' },
      ]);
    const [, host, rest = ''] = /^\/nodes\/([^/]+)\/qemu\/100\/(.*)$/.exec(request.path) ?? [];
    if (host !== node) return refuse(500, `Configuration file 'nodes/${host}/qemu-server/100.conf' does not exist`);
    if (rest === 'status/current') return say({ status, agent: isOn, vmid: 100 });
    if (status !== 'running') return refuse(500, 'VM 100 is not running');
    if (isOn === 0) return refuse(500, 'No QEMU guest agent configured');
    const command = rest.replace(/^agent\//, '');
    const isRead = /^(?:get|info|network|exec-status|file-read)/.test(command);
    if ((request.method === 'GET') !== isRead) return refuse(501, `Method '${request.method} ${rest}' not implemented`);
    const data = agent(command, request.form);
    if (data !== undefined) return say(data);
    if (command === 'file-read') return refuse(500, "can't open file: No such file or directory");
    refuse(501, `Method '${request.method} ${rest}' not implemented`);
  };
  const server = createServer({ key, cert: certificate }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'https://x');
      const body = Buffer.concat(chunks).toString();
      if (body.length > 64 * 1024) throw new Error('The API takes 64 KiB.');
      const form = body === '' ? searchParams : new URLSearchParams(body);
      const { authorization = '' } = request.headers;
      answer({ method: request.method ?? '', path: pathname.replace('/api2/json', ''), form, authorization }, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(model, {
    port: (server.address() as AddressInfo).port,
    fingerprint: new X509Certificate(certificate).fingerprint256,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
}

/** A guest with echo, cat, mv and the words that append a piece. */
function run(words: readonly string[], input: string | null, files: Map<string, Buffer>): object {
  const done = (text: string): object => ({ exited: 1, exitcode: 0, ...(text === '' ? {} : { 'out-data': text }) });
  if (words[2]?.startsWith('base64 -d') === true) return done(Buffer.from(input ?? '', 'base64').toString('latin1'));
  const [from = '', to = ''] = words.slice(-2);
  if (words[2]?.startsWith('cat --') === true) {
    files.set(to, Buffer.concat([files.get(to) ?? Buffer.of(), files.get(from) ?? Buffer.of()]));
    files.delete(from);
    return done('');
  }
  if (words[2]?.includes('exec mv ') === true) {
    files.set(to, files.get(from) ?? Buffer.of());
    files.delete(from);
    return done('');
  }
  if (words[0] === 'false') return { exited: 1, exitcode: 1, 'err-data': 'no\n', 'err-truncated': 1 };
  return done(`${words.join(' ')}\n`);
}

async function makeCertificate(folder: string): Promise<{ key: Buffer; certificate: string }> {
  const [key, cert] = [join(folder, 'pve.key'), join(folder, 'pve.pem')];
  const argv = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const { status, stderr } = spawnSync(
    'openssl',
    [...argv, '-subj', '/CN=pve', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`openssl: ${stderr}`);
  return { key: await readFile(key), certificate: await readFile(cert, 'utf8') };
}
