export declare const AGENT_FILES: string;
export declare function packAgent(out?: string): Promise<{ install_sha256: string; agent_sha256: string }>;
export declare function stageAgent(folder: string): Promise<void>;
