export { addAccount, fileAccounts, readAccounts, removeAccount, type Account, type Accounts, type NewAccount } from './accounts.js';
export { registerServerStatus } from './command.js';
export { startServerStatusListener, type ServerStatusListener, type ServerStatusOptions } from './listener.js';
export { publishToStreams } from './publish.js';
export type { Publish, ServerStatusCounts } from './session.js';
