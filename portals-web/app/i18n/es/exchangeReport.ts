import type { exchangeReport as english } from '../en/exchangeReport'
import type { Translation } from '../translation'

export const exchangeReport: Translation<typeof english> = {
  title: 'Diferencias de cambio',
  month: 'Mes (UTC)',
  download: 'CSV',
  upToNow: 'Hasta ahora: el mes no ha terminado.',
  none: 'Ningún saldo en otra moneda que USD',
  noneBody: 'Los saldos en otras monedas aparecen aquí con lo que valen a fin de mes.',
  balances: 'Saldos',
  currencies: 'Por moneda',
  total: 'Ganado en total, si se liquida a estos tipos',
  name: 'Nombre',
  kind: { customer: 'Cliente', carrier: 'Carrier' },
  party: 'Clase',
  currency: 'Moneda',
  opening: 'Antes',
  moved: 'Movido',
  closing: 'Después',
  booked: 'Asentado, USD',
  rate: 'Tipo',
  revalued: 'Vale, USD',
  difference: 'Ganado, USD',
}
