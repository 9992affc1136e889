import { testNetworkConfig } from './test-network-config.ts';

testNetworkConfig('tiny', 'tiny', 120_000);
