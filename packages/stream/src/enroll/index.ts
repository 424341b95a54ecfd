export { AGENT_FILES_DIR, agentFileRoutes, installScriptSha256 } from './agent-files.js';
export { EnrolmentError, agentsConfig, ensureAgentKey, enroll, listEnrolled, revoke, type Enrolled, type Enrolment } from './agents.js';
export { hubDir, prepareHub, type Hub, type HubOptions } from './hub.js';
export { installLine, type InstallLine } from './install-line.js';
export { natsConfig, type NatsConfigOptions } from './nats-config.js';
export { isOpen } from './open.js';
export { reloadBroker, type Reload } from './reload.js';
