import { mergeConfig, defineConfig } from "vitest/config";

import vite from "./vite.config";

// One jsdom for all files: to make one anew for each takes five times as long as all tests together.
const shared = { isolate: false, pool: "threads", poolOptions: { threads: { singleThread: true } } } as const;

export default mergeConfig(vite, defineConfig({ test: { environment: "jsdom", include: ["tests/**/*.test.{ts,tsx}"], ...shared } }));
