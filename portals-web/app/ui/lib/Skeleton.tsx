import { clsx } from 'clsx'

/** Stands where something of this size will be. */
export function Skeleton({ className }: { className?: string }) {
  return (
    <span
      aria-hidden
      className={clsx(
        'block animate-[skeleton_1.6s_ease-in-out_infinite] rounded-badge bg-hover',
        className,
      )}
    />
  )
}
