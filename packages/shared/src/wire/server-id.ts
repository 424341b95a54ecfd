export const SERVER_ID_PATTERN = '^[a-z0-9][a-z0-9_-]{0,62}$';
const SERVER_ID = new RegExp(SERVER_ID_PATTERN);
export const isServerId = (text: string): boolean => SERVER_ID.test(text);
