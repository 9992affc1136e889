import { createHash } from 'node:crypto';
import { OperationError } from '@innkeeper/contract';
import type { HttpExchange, HttpRoute } from '../control/http-route.ts';
import type { NodeOfControl } from '../control/node-of-control.ts';
import { maxAgentBytes } from '../daemon/agent-binary.ts';
import { readRegularFile } from '../host-tools/index.ts';
import { installScript } from './install-script.ts';

/** Under which name the daemon's own architecture is downloaded. */
const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';

/** What these routes need of an exchange: a control plane has them without a node. */
export interface AgentExchange extends Pick<HttpExchange, 'visitor' | 'response'> {
  readonly node: Pick<NodeOfControl, 'agentBinaryPath'>;
}

export interface AgentRoute extends Omit<HttpRoute, 'run'> {
  readonly run: (exchange: AgentExchange) => Promise<void>;
}

/** GET /agent/latest/linux-amd64: the agent that this daemon puts into images. */
async function binaryRoute({ node, response }: AgentExchange): Promise<void> {
  const bytes = await agentBytes(node.agentBinaryPath);
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': bytes.length,
    'content-disposition': 'attachment; filename="innkeeper-agent"',
  });
  response.end(bytes);
}

/** linux-amd64.sha256: its hash, as sha256sum(1) writes it. */
async function checksumRoute({ node, response }: AgentExchange): Promise<void> {
  const bytes = await agentBytes(node.agentBinaryPath);
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${createHash('sha256').update(bytes).digest('hex')}  innkeeper-agent\n`);
}

/** GET /install-agent.sh: for `curl … | sudo sh` in a guest. */
async function scriptRoute({ visitor, response }: AgentExchange): Promise<void> {
  const { host, entrance } = visitor.facts;
  const script = await installScript(`${entrance.isSecure ? 'https' : 'http'}://${host ?? 'localhost'}`);
  response.writeHead(200, { 'content-type': 'text/x-shellscript; charset=utf-8' });
  response.end(script);
}

async function agentBytes(path: string | undefined): Promise<Buffer> {
  if (path !== undefined) return await readRegularFile(path, maxAgentBytes);
  throw new OperationError('AGENT_NOT_BUILT', 'This daemon has no agent to give: it was not built.');
}

/** Open to everybody: a guest has no user, and the agent is no secret. */
export const agentRoutes: readonly AgentRoute[] = [
  { method: 'GET', path: '/install-agent.sh', privilege: 'public', run: scriptRoute },
  { method: 'GET', path: `/agent/latest/linux-${architecture}`, privilege: 'public', run: binaryRoute },
  { method: 'GET', path: `/agent/latest/linux-${architecture}.sha256`, privilege: 'public', run: checksumRoute },
];
