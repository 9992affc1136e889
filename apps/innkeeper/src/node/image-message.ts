import { create } from '@bufbuild/protobuf';
import { type Image, ImageSchema } from '@innkeeper/contract/control';
import type { ImageRow } from '@innkeeper/store';
import { type AgentInstall, unknownAgentInstall } from './images/agent-install.ts';
import { nanoseconds } from './operation-message.ts';

/** An image as an API message. `diskBytes`: disk space of its files on the host. */
export function imageMessage(row: ImageRow, facts: { readonly vmCount: number; readonly diskBytes: bigint }): Image {
  const base = row.base === null ? undefined : (JSON.parse(row.base) as { readonly install?: AgentInstall });
  const install = { ...unknownAgentInstall, ...base?.install };
  return create(ImageSchema, {
    name: row.name,
    format: row.format,
    virtualBytes: BigInt(row.virtual_bytes),
    diskBytes: facts.diskBytes,
    sha256: row.sha256,
    addedUnixNs: nanoseconds(row.added_ms),
    agentVersion: install.version,
    agentReason: install.reason,
    agentDetail: install.detail,
    agentNextStep: install.nextStep,
    initSystem: install.initSystem,
    directKernel: row.kernel !== null,
    vmCount: facts.vmCount,
    node: row.node_id,
  });
}
