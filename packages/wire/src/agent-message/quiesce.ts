import type { FreezeReport } from '@innkeeper/contract/agent';
import { FilesystemServiceLite as service } from '@innkeeper/contract/agent-lite';
import type { QuiesceFilesystemsRequest, ThawFilesystemsRequest } from '@innkeeper/contract/agent-message';
import { QuiesceFilesystemsResponseLite, ThawFilesystemsResponseLite } from '@innkeeper/contract/agent-message-lite';
import { agentMessageQuiesceResponseTag, agentMessageThawResponseTag } from '@innkeeper/contract/agent-message-tags';
import {
  checkHookFolder,
  defaultQuiesceSeconds,
  frozenFilesystems,
  frozenMountPoints,
} from '@innkeeper/contract/freeze-answers';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import { errorText } from './error-text.ts';
import type { AgentMessageCall } from './reply.ts';

const nsPerSecond = 1_000_000_000n;
const nsPerMs = 1_000_000n;

/** quiesce to Freeze: its token is the freeze's id, and its timeout the lease, which this dialect cannot renew. */
export function quiesceCall(request: QuiesceFilesystemsRequest, freshId: string): AgentMessageCall {
  const { mountPoints, timeoutSeconds, runPreFreezeScripts, preFreezeScriptDir } = request;
  let report: FreezeReport | undefined;
  return {
    method: service.freeze.name,
    timeoutMs: 300_000,
    requests: function* () {
      checkHookFolder(preFreezeScriptDir, 'pre-freeze.d');
      const leaseMs = Math.min((timeoutSeconds || defaultQuiesceSeconds) * 1000, 0xffff_ffff);
      yield liteEncode(service.freeze.input, { id: freshId, mountPoints, leaseMs, skipHooks: !runPreFreezeScripts });
    },
    take: (body) => {
      report = liteDecode(service.freeze.output, body);
      return false;
    },
    finish: (error) => ({
      tag: agentMessageQuiesceResponseTag,
      parts: [
        liteEncode(
          QuiesceFilesystemsResponseLite,
          report === undefined || error !== undefined
            ? { error: errorText(error) }
            : {
                success: true,
                frozen: frozenFilesystems(report),
                quiesceToken: report.id,
                autoThawAt: thawTimeOf(report),
              },
        ),
      ],
    }),
  };
}

/** thaw to Thaw. It thaws all that its token froze: `mount_points` cannot name a part. */
export function thawCall(request: ThawFilesystemsRequest): AgentMessageCall {
  let report: FreezeReport | undefined;
  return {
    method: service.thaw.name,
    timeoutMs: 300_000,
    requests: function* () {
      checkHookFolder(request.postThawScriptDir, 'post-thaw.d');
      yield liteEncode(service.thaw.input, { id: request.quiesceToken });
    },
    take: (body) => {
      report = liteDecode(service.thaw.output, body);
      return false;
    },
    finish: (error) => ({
      tag: agentMessageThawResponseTag,
      parts: [
        liteEncode(
          ThawFilesystemsResponseLite,
          report === undefined || error !== undefined
            ? { error: errorText(error) }
            : {
                success: true,
                thawedMountPoints: frozenMountPoints(report),
                frozenDurationMs: BigInt(report.frozenMs ?? 0),
              },
        ),
      ],
    }),
  };
}

/** By the guest's clock. */
function thawTimeOf({ frozenUnixNs = 0n, frozenMs = 0, leaseLeftMs = 0 }: FreezeReport) {
  const ns = frozenUnixNs + BigInt(frozenMs + leaseLeftMs) * nsPerMs;
  return { seconds: ns / nsPerSecond, nanos: Number(ns % nsPerSecond) };
}
