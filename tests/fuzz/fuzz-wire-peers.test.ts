import { fuzzGroup } from './fuzz-group.ts';

await fuzzGroup('wire', { atPeers: true });
