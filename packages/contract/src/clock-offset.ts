import type { Agent } from './gen/control/v1/vm_pb.ts';

/** A guest's clock that differs from its node's by more than this is reported as wrong. */
const maxClockOffsetNs = 5_000_000_000n;

/** "12.5 s behind its host"; empty if the guest's clock is right or unknown. */
export function clockOffText({ agent }: { readonly agent?: Pick<Agent, 'clockOffsetNs'> | undefined }): string {
  const offset = agent?.clockOffsetNs;
  if (offset === undefined || !isClockOff(offset)) return '';
  const seconds = Number(offset) / 1e9;
  return `${Math.abs(seconds).toFixed(1)} s ${seconds < 0 ? 'behind' : 'ahead of'} its host`;
}

export function isClockOff(offsetNs: bigint): boolean {
  return offsetNs > maxClockOffsetNs || offsetNs < -maxClockOffsetNs;
}
