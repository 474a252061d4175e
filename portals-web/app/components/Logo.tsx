export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg aria-hidden viewBox="0 0 32 32" width={size} height={size} className="shrink-0">
      <rect width="32" height="32" rx="8" className="fill-primary" />
      <path
        d="M8 9h7.2c4.3 0 7.3 2.8 7.3 7s-3 7-7.3 7H8"
        className="fill-transparent stroke-on-primary"
        strokeWidth="3"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
      <circle cx="9" cy="16" r="2.2" className="fill-on-primary" />
      <path d="M12.5 16h4" className="stroke-on-primary" strokeWidth="2.4" strokeLinecap="round" />
    </svg>
  )
}
