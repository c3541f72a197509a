import { mergeConfig, defineConfig } from "vitest/config";

import vite from "./vite.config";

export default mergeConfig(vite, defineConfig({ test: { environment: "jsdom", include: ["tests/**/*.test.{ts,tsx}"] } }));
