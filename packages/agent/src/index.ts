// What the simulator's commands, the tests and the benchmarks use of the agent.
export { startAgent, type Agent, type AgentParts } from './agent.js';
export { envToConfig, toServerId, type AgentConfig } from './config.js';
export { createLog, silentLog, type Log } from './log.js';
export { Publisher, type PublisherOptions } from './publish/publisher.js';
export { Spool, type Entry, type Reading, type SpoolOptions, type SpoolStats } from './publish/spool.js';
export { connectBroker, inboxPrefix, type BrokerOptions } from './publish/connection.js';
