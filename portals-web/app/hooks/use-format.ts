import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'

import { zonePreference } from '~/stores/preferences'
import { useStore } from '~/stores/persistent'
import { formatBytes, formatCount } from '~/util/count'
import { formatMilliseconds, formatUptime } from '~/util/duration'
import { formatMoney, type MoneyStyle } from '~/util/money'
import { formatPercent } from '~/util/percent'
import { formatAge, formatClock, formatDateTime, formatDay, zoneLabel } from '~/util/time'

/** The formatters of `util/`, bound to the user's language and time zone. */
export function useFormat() {
  const locale = useTranslation().i18n.language
  const zone = useStore(zonePreference)
  return useMemo(
    () => ({
      zone,
      zoneName: zoneLabel(zone),
      dateTime: (iso: string, options?: { ms?: boolean }) => formatDateTime(iso, zone, options),
      day: (iso: string) => formatDay(iso, zone),
      clock: (iso: string, options?: { ms?: boolean }) => formatClock(iso, zone, options),
      age: (thenMs: number, nowMs: number) => formatAge(thenMs, nowMs, locale),
      money: (amount: string | null | undefined, currency: string) =>
        formatMoney(amount, currency, locale),
      amount: (amount: string | null | undefined, currency: string, style: MoneyStyle = 'fine') =>
        formatMoney(amount, currency, locale, { style, withCurrency: false }),
      count: (value: number | null | undefined, decimals = 0) =>
        formatCount(value, locale, decimals),
      percent: (value: number | null | undefined, decimals?: number) =>
        formatPercent(value, locale, decimals),
      ms: (value: number | null | undefined) => formatMilliseconds(value, locale),
      uptime: (seconds: number) => formatUptime(seconds, locale),
      bytes: (value: number) => formatBytes(value, locale),
    }),
    [locale, zone],
  )
}
