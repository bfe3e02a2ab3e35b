import type { NextConfig } from 'next';

/**
 * The pages are a static export: our own server serves them, and writes the URL prefix in place of `/__PFX__` when it
 * starts (see scripts/build-web.mjs).
 */
const config: NextConfig = {
  output: 'export',
  basePath: '/__PFX__',
  images: { unoptimized: true },
  reactStrictMode: true,
  poweredByHeader: false,
  devIndicators: false,
  typescript: { tsconfigPath: 'tsconfig.web.json' },
};

export default config;
