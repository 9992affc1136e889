import { invalidAddress as invalid } from './invalid-address.ts';
import { formatHost, formatProxmoxAddress, type ProxmoxAddress, proxmoxAddress } from './proxmox-address.ts';

/** What the agents of other people's VMs speak, as `dialect=` names it. */
export const agentDialects = ['qga', 'json-frames', 'agent-message', 'http', 'native'] as const;
export type AgentDialect = (typeof agentDialects)[number];

/** The vsock port on which agents listen by default. */
export const defaultVsockPort = 1024;

/** Where the agent of a VM that somebody else runs is reached. */
export type AgentAddress =
  /** A unix socket on the node. */
  | { readonly kind: 'unix'; readonly path: string; readonly dialect: AgentDialect }
  /** A port behind a hypervisor's hybrid vsock socket on the node. */
  | { readonly kind: 'vsock'; readonly path: string; readonly port: number; readonly dialect: AgentDialect }
  /** A domain of libvirt, whose daemon owns the agent's socket. `read`: nothing is changed in the guest. */
  | {
      readonly kind: 'libvirt';
      readonly uri: string;
      readonly domain: string;
      readonly access: 'read' | 'full';
      readonly dialect: AgentDialect;
    }
  | ProxmoxAddress
  /** An address in the network. */
  | { readonly kind: 'http'; readonly host: string; readonly port: number; readonly dialect: AgentDialect };

/** What is spoken where no dialect is named: what is found there in practice. */
const usualDialect = { unix: 'qga', vsock: 'json-frames', http: 'http' } as const;
const defaultHttpPort = 8080;
/** The libvirt that is meant where none is named. */
export const defaultLibvirt = 'qemu:///system';
/** The kernel takes paths of sockets up to 107 bytes. */
const maxPathChars = 107;

/**
 * Parses `unix:/path`, `vsock:/path.vsock[:PORT]` or `http://HOST[:PORT]`, with `,dialect=NAME` where it is not the usual
 * one: qga on unix sockets, json-frames on vsock; `libvirt:[URI#]DOMAIN[,access=full]`; or `proxmox:HOST[:PORT]/VMID[,access=full]`.
 * @throws OperationError INVALID_ARGUMENT
 */
export function parseAgentAddress(text: string): AgentAddress {
  const hypervisor = libvirtAddress(text) ?? proxmoxAddress(text);
  if (hypervisor !== undefined) return hypervisor;
  const [place = '', ...settings] = text.split(',');
  const dialect = dialectOf(settings, text);
  const http = /^http:\/\/(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9.-]{1,253})(?::(\d{1,5}))?\/?$/.exec(place);
  if (http !== null) {
    if (dialect !== undefined && dialect !== 'http') throw invalid(text, 'over HTTP only "http" is spoken');
    const port = portOf(http[2], defaultHttpPort, 65_535, text);
    return { kind: 'http', host: (http[1] ?? '').replace(/^\[(.*)\]$/, '$1'), port, dialect: 'http' };
  }
  const [, kind, path = '', port] = /^(unix|vsock):(\/[^:]*)(?::(\d{1,10}))?$/.exec(place) ?? [];
  if (kind === undefined)
    throw invalid(
      text,
      'it must begin with "unix:/", "vsock:/", "libvirt:", "proxmox:" or "http://", and a path must be absolute, without ":" and ","',
    );
  if (path.length > maxPathChars || path.includes('\0'))
    throw invalid(text, `the path of a socket has at most ${maxPathChars} characters`);
  if (dialect === 'http') throw invalid(text, 'HTTP is spoken at http:// addresses only');
  if (kind === 'vsock')
    return {
      kind,
      path,
      port: portOf(port, defaultVsockPort, 2 ** 32 - 2, text),
      dialect: dialect ?? usualDialect.vsock,
    };
  if (port !== undefined) throw invalid(text, 'a unix socket has no port');
  return { kind: 'unix', path, dialect: dialect ?? usualDialect.unix };
}

/** Whether the text says which dialect is spoken, or there is only one. Otherwise it can be found out by asking. */
export function namesDialect(text: string): boolean {
  return !/^(?:unix|vsock):[^,]*$/.test(text);
}

/** The address as it is written, with its dialect. */
export function formatAgentAddress(address: AgentAddress): string {
  const { kind, dialect } = address;
  if (kind === 'libvirt')
    return `libvirt:${address.uri}#${address.domain}${address.access === 'full' ? ',access=full' : ''}`;
  if (kind === 'proxmox') return formatProxmoxAddress(address);
  if (kind === 'http') return `http://${formatHost(address.host)}:${address.port}`;
  const port = kind === 'vsock' ? `:${address.port}` : '';
  return `${kind}:${address.path}${port},dialect=${dialect}`;
}

/**
 * A URI of libvirt that runs no program of its writer's choice: no "ext" transport and no parameters such as "command",
 * which name one, and no host that ssh would take for an option, whichever way it is written.
 */
const isPlainUri = /^[a-z0-9]+(?:\+(?:unix|tcp|tls|ssh|libssh|libssh2))?:\/\/(?!-|[^/]*(?:%|[@:]-))[^?]*$/;
const refusedUri =
  'a libvirt URI has one of the transports unix, tcp, tls, ssh, libssh and libssh2, a host that does not begin with "-", and no parameters after "?"';

/** Undefined if it is not one of libvirt. */
function libvirtAddress(text: string): AgentAddress | undefined {
  if (!text.startsWith('libvirt:')) return undefined;
  const [, uri = defaultLibvirt, domain = '', access] =
    /^libvirt:(?:([a-z0-9+]{1,40}:\/\/[^\s#,]{0,200})#)?([A-Za-z0-9_.+:@][A-Za-z0-9_.+:@ -]{0,127})(?:,access=(read|full))?$/.exec(
      text,
    ) ?? [];
  if (domain === '')
    throw invalid(
      text,
      'it is not libvirt:DOMAIN or libvirt:URI#DOMAIN, with ",access=full" where it may change the guest',
    );
  if (!isPlainUri.test(uri)) throw invalid(text, refusedUri);
  // virsh reads a number, with or without its sign, as the id of a domain that runs.
  if (/^\+?\d+$/.test(domain)) throw invalid(text, 'virsh takes a name of digits only for an id');
  return { kind: 'libvirt', uri, domain, access: access === 'full' ? 'full' : 'read', dialect: 'qga' };
}

function dialectOf(settings: readonly string[], text: string): AgentDialect | undefined {
  const [setting, ...more] = settings;
  if (setting === undefined) return undefined;
  const [, name] = /^dialect=(.*)$/.exec(setting) ?? [];
  const known = agentDialects.find((each) => each === name);
  if (known === undefined || more.length > 0)
    throw invalid(text, `after "," only dialect=… may stand: ${agentDialects.join(', ')}`);
  return known;
}

function portOf(text: string | undefined, usual: number, max: number, address: string): number {
  const port = text === undefined ? usual : Number(text);
  if (port >= 1 && port <= max) return port;
  throw invalid(address, `a port is 1 to ${max}`);
}
