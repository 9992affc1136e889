import { fuzzGroup } from './fuzz-group.ts';

await fuzzGroup('host', { atPeers: false });
