import { testNetworkConfig } from './test-network-config.ts';

testNetworkConfig('debian', 'systemd-networkd', 400_000);
