'use client';

import { useEffect, useState } from 'react';

/** True once `isOn` has held for `ms` (default 150): a skeleton that comes and goes at once only flickers. */
export function useLate(isOn: boolean, ms = 150): boolean {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    if (!isOn) {
      setLate(false);
      return;
    }
    const timer = setTimeout(() => setLate(true), ms);
    return () => clearTimeout(timer);
  }, [isOn, ms]);
  return isOn && isLate;
}
