import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAgentAddress } from '@innkeeper/contract';
import type { Telemetry } from '@innkeeper/contract/agent';
import { until } from '@innkeeper/kit/testing';
import type { AgentLink } from '../../../agent-link.ts';
import { createAdoptedLink } from '../../create-adopted-link.ts';
import { type QgaModel, type QgaModelOptions, startQgaModel } from './qga-model.ts';

/** A link to a model, with the reports that arrived. */
export interface Linked extends AsyncDisposable {
  readonly model: QgaModel;
  readonly link: AgentLink;
  readonly reports: readonly Telemetry[];
}

/** Resolves when the agent was found and has reported, unless that is not wanted. */
export async function linked(
  options: QgaModelOptions = {},
  { sampleMs = 20, isConnected = true } = {},
): Promise<Linked> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'innkeeper-qga-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const model = stack.use(await startQgaModel(join(folder, 'qga.sock'), options));
  const link = stack.use(
    createAdoptedLink({ address: parseAgentAddress(`unix:${model.path}`), nodeVersion: '1', sampleMs }),
  );
  const reports: Telemetry[] = [];
  link.onTelemetry((report) => reports.push(report));
  if (isConnected) await until(() => link.state.state === 'connected' && reports.length > 0);
  const owned = stack.move();
  return { model, link, reports, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
