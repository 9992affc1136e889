import { createHash } from 'node:crypto';
import { OperationError } from '@innkeeper/contract';
import type { HttpExchange, HttpRoute } from '../control/http-route.ts';
import type { NodeOfControl } from '../control/node-of-control.ts';
import { maxAgentBytes } from '../daemon/agent-binary.ts';
import { readRegularFile } from '../host-tools/index.ts';
import { type AgentArchitecture, agentArchitectures } from '../images/agent-architecture.ts';
import { installScript } from './install-script.ts';

/** What these routes need of an exchange: a control plane has them without a node. */
export interface AgentExchange extends Pick<HttpExchange, 'visitor' | 'response'> {
  readonly node: Pick<NodeOfControl, 'agentPaths'>;
}

export interface AgentRoute extends Omit<HttpRoute, 'run'> {
  readonly run: (exchange: AgentExchange) => Promise<void>;
}

/** GET /agent/latest/linux-amd64: the agent that this daemon puts into images. */
async function answerBinary(architecture: AgentArchitecture, { node, response }: AgentExchange): Promise<void> {
  const bytes = await agentBytes(architecture, node);
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': bytes.length,
    'content-disposition': 'attachment; filename="innkeeper-agent"',
  });
  response.end(bytes);
}

/** linux-amd64.sha256: its hash, as sha256sum(1) writes it. */
async function answerChecksum(architecture: AgentArchitecture, { node, response }: AgentExchange): Promise<void> {
  const bytes = await agentBytes(architecture, node);
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

async function agentBytes(architecture: AgentArchitecture, node: AgentExchange['node']): Promise<Buffer> {
  const path = node.agentPaths[architecture];
  if (path !== undefined) return await readRegularFile(path, maxAgentBytes);
  throw new OperationError('AGENT_NOT_BUILT', `This daemon has no agent for ${architecture}: it was not built.`, {
    nextStep: 'Build it on the daemon’s machine with "npm run build:agent -- --arch all" and restart the daemon.',
  });
}

/** Open to everybody: a guest has no user, and the agent is no secret. */
export const agentRoutes: readonly AgentRoute[] = [
  { method: 'GET', path: '/install-agent.sh', privilege: 'public', isForGuests: true, run: scriptRoute },
  ...agentArchitectures.flatMap((architecture): AgentRoute[] => {
    const path = `/agent/latest/linux-${architecture}`;
    const common = { method: 'GET', privilege: 'public', isForGuests: true } as const;
    return [
      { ...common, path, run: (exchange) => answerBinary(architecture, exchange) },
      { ...common, path: `${path}.sha256`, run: (exchange) => answerChecksum(architecture, exchange) },
    ];
  }),
];
