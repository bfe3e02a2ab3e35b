import type { ButtonHTMLAttributes, ReactNode } from 'react';
import { Key } from './key.tsx';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly tone?: 'primary' | 'danger' | 'danger solid' | 'bare';
  readonly size?: 'sm';
  /** The key that does the same, printed in the button. */
  readonly hint?: string;
  readonly icon?: ReactNode;
}

/** A verb. `title` says why it is off. */
export function Button({ tone, size, hint, icon, children, className, ...rest }: ButtonProps): ReactNode {
  const classes = ['btn', tone, size, className].filter(Boolean).join(' ');
  return (
    <button type="button" className={classes} {...rest}>
      {icon}
      {children}
      {hint ? <Key>{hint}</Key> : null}
    </button>
  );
}

/** A button that is only a picture: `label` names it and is its tooltip. */
export function IconButton({
  label,
  size,
  tone,
  children,
  ...rest
}: ButtonProps & { readonly label: string }): ReactNode {
  const classes = ['btn', 'icon', tone, size].filter(Boolean).join(' ');
  return (
    <button type="button" className={classes} aria-label={label} title={label} {...rest}>
      {children}
    </button>
  );
}
