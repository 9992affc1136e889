import { fuzzGroup } from './fuzz-group.ts';

await fuzzGroup('archives', { atPeers: false });
