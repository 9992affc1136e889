import { createHash } from 'node:crypto';
import { OperationError } from '@innkeeper/contract';
import { type AgentArchitecture, installScript, maxAgentBytes } from '@innkeeper/images';
import { readRegularFile } from '@innkeeper/kit/node';
import type { NodeApi } from '../../ports/node-api.ts';
import type { HttpEdgeContext } from '../http-route.ts';

/** The context that these routes need, which a control plane has without a node. */
export interface AgentRouteContext extends Pick<HttpEdgeContext, 'identified' | 'response'> {
  readonly node: Pick<NodeApi, 'agentPaths'> & Partial<Pick<NodeApi, 'updateKeyLine'>>;
}

/** GET /agent/latest/linux-amd64: the agent that this daemon puts into images. */
async function answerBinary(architecture: AgentArchitecture, { node, response }: AgentRouteContext): Promise<void> {
  const bytes = await agentBytes(architecture, node);
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': bytes.length,
    'content-disposition': 'attachment; filename="innkeeper-agent"',
  });
  response.end(bytes);
}

/** linux-amd64.sha256: its hash, as sha256sum(1) writes it. */
async function answerChecksum(architecture: AgentArchitecture, { node, response }: AgentRouteContext): Promise<void> {
  const bytes = await agentBytes(architecture, node);
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${createHash('sha256').update(bytes).digest('hex')}  innkeeper-agent\n`);
}

/** GET /install-agent.sh: for `curl … | sudo sh` in a guest. */
async function scriptRoute({ identified, node, response }: AgentRouteContext): Promise<void> {
  const { host, listener } = identified.facts;
  const script = await installScript(
    `${listener.isSecure ? 'https' : 'http'}://${host ?? 'localhost'}`,
    node.updateKeyLine,
  );
  response.writeHead(200, { 'content-type': 'text/x-shellscript; charset=utf-8' });
  response.end(script);
}

async function agentBytes(architecture: AgentArchitecture, node: AgentRouteContext['node']): Promise<Buffer> {
  const path = node.agentPaths[architecture];
  try {
    if (path !== undefined) return await readRegularFile(path, maxAgentBytes);
  } catch (error) {
    // Removed since the daemon started, by a build or an upgrade.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  throw new OperationError('AGENT_NOT_BUILT', `This daemon has no agent for ${architecture}: it was not built.`, {
    nextStep: 'Build it on the daemon’s machine with "npm run build:agent -- --arch all" and restart the daemon.',
  });
}

/** By the names of the routes. */
export const agentHandlers: Readonly<
  Record<
    'installScript' | 'agentAmd64' | 'agentAmd64Sum' | 'agentArm64' | 'agentArm64Sum',
    (context: AgentRouteContext) => Promise<void>
  >
> = {
  installScript: scriptRoute,
  agentAmd64: (context) => answerBinary('amd64', context),
  agentAmd64Sum: (context) => answerChecksum('amd64', context),
  agentArm64: (context) => answerBinary('arm64', context),
  agentArm64Sum: (context) => answerChecksum('arm64', context),
};
