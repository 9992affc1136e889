// For `node --import`: a host whose clock went on for two hours while nothing else did, as over a pause of its VMs.
const now = Date.now;
Date.now = () => now() + 7_200_000;
