import type { PriceCheck, PriceFinding } from '~/api/__generated__/schema'

/** What most drafts bring: nothing that is newly at fault. */
export const SOUND_PRICES: PriceCheck = {
  customers: 3,
  destinations: 4_812,
  is_complete: true,
  below_cost: 0,
  below_margin: 0,
  no_route: 0,
  no_rate: 0,
  currency: 'USD',
  findings: [],
}

/** What a draft of a card would bring, whatever it changes. */
export const UNDER_COST: PriceCheck = {
  ...SOUND_PRICES,
  below_cost: 2,
  no_route: 1,
  findings: [
    {
      fault: 'below_cost' as PriceFinding['fault'],
      customers: ['Cairo Connect', 'Meridian Voice', 'Tallinn Talk'],
      customers_count: 3,
      prefix: '2010',
      origin: null,
      destination: 'Egypt mobile',
      rate_card: 'retail-a',
      price_per_minute: '0.0082',
      carrier: 'aurora',
      cost_per_minute: '0.0715',
      margin_per_minute: '-0.0633',
      price_before: '0.082',
      cost_before: '0.0715',
    },
    {
      fault: 'below_cost' as PriceFinding['fault'],
      customers: ['Meridian Voice'],
      customers_count: 1,
      prefix: '8821',
      origin: null,
      destination: 'Satellite',
      rate_card: 'retail-b',
      price_per_minute: '4.1',
      carrier: 'borealis',
      cost_per_minute: '4.12',
      margin_per_minute: '-0.02',
      price_before: '6.5',
      cost_before: '4.12',
    },
    {
      fault: 'no_route' as PriceFinding['fault'],
      customers: ['Cairo Connect'],
      customers_count: 1,
      prefix: '850',
      origin: null,
      destination: 'North Korea',
      rate_card: 'retail-a',
      price_per_minute: '0.9',
      carrier: null,
      cost_per_minute: null,
      margin_per_minute: null,
      price_before: '0.9',
      cost_before: '0.62',
    },
  ],
}
