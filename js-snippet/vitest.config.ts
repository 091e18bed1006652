import { defineConfig } from "vitest/config";

export default defineConfig({
  define: { VERSION: JSON.stringify("test"), MORE_INTEGRITY: JSON.stringify(""), FORMS_INTEGRITY: JSON.stringify("sha384-test") },
  test: {
    environment: "happy-dom",
    environmentOptions: { happyDOM: { url: "https://shop.example/" } },
    include: ["tests/*.test.ts"],
  },
});
