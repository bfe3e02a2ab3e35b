import 'react';

declare module 'react' {
  // Custom properties are part of an inline style; React's types leave them out.
  interface CSSProperties {
    [name: `--${string}`]: string | number | undefined;
  }
}
