import type { Bytes } from '@innkeeper/agent-core';
import * as host from 'host';

export function createBytes(): Bytes {
  return {
    crc32c: host.crc32c,
    countLeadingZeros: host.countLeadingZeros,
    createSha256: () => {
      const state = host.sha256New();
      return { update: (bytes) => host.sha256Update(state, bytes), digest: () => host.sha256Digest(state) };
    },
    random: host.random,
  };
}
