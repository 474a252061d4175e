#!/usr/bin/env python3
"""Makes the demo's three rate decks from the world's dial codes.

    python3 configs/demo/make_decks.py --dial-codes world-dialcodes.csv.gz [--out configs/demo]
    python3 configs/demo/make_decks.py --check

The prefixes and their names are real: libphonenumber's metadata, see LICENSE-DATA beside this file.
The prices are invented. They follow what wholesale prices look like (a land line in a large market
costs a tenth of a cent, a mobile in a small one some twenty cents, a satellite several dollars), but
no carrier ever quoted them.

Written are, each with one row a prefix:

    aurora.csv.gz     what Aurora Carrier charges, billed by the second
    borealis.csv.gz   what Borealis Carrier charges, billed 30/6
    retail.csv.gz     what customers pay; the card adds the billing interval

Each carrier is the cheaper one on about half of the destinations. Customers pay about a quarter more
than the cheaper carrier, so that every destination earns money on at least one route, and a few on
one only: there the profit guard drops the other. On the destinations in LOSS_MAKERS the customer pays
less than either carrier charges: no route is left and the call is refused as unprofitable.

The result is the same wherever it is made: no clock, no random numbers, prices from a hash of the
destination's name, integers throughout, nothing but the deck in the gzip header. `--check` reads the
decks that are there and tests the claims above.
"""

import argparse
import csv
import gzip
import hashlib
import io
import pathlib
import sys
from decimal import Decimal

ROWS = 114_805
HERE = pathlib.Path(__file__).resolve().parent

# Names by the code in the dial codes. US stands for all of +1, RU for all of +7.
NAMES = dict(
    " ".join(name.split()).split(" ", 1)
    for name in """
AC Ascension Island; AD Andorra; AE United Arab Emirates; AF Afghanistan; AL Albania; AM
Armenia; AO Angola; AR Argentina; AT Austria; AU Australia; AW Aruba; AZ Azerbaijan; BA Bosnia
and Herzegovina; BD Bangladesh; BE Belgium; BF Burkina Faso; BG Bulgaria; BH Bahrain; BI
Burundi; BJ Benin; BN Brunei; BO Bolivia; BR Brazil; BT Bhutan; BW Botswana; BY Belarus; BZ
Belize; CD Congo Kinshasa; CF Central African Republic; CG Congo Brazzaville; CH Switzerland; CI
Ivory Coast; CK Cook Islands; CL Chile; CM Cameroon; CN China; CO Colombia; CR Costa Rica; CU
Cuba; CV Cape Verde; CW Curacao; CY Cyprus; CZ Czechia; DE Germany; DJ Djibouti; DK Denmark; DZ
Algeria; EC Ecuador; EE Estonia; EG Egypt; ER Eritrea; ES Spain; ET Ethiopia; FI Finland; FJ
Fiji; FK Falkland Islands; FM Micronesia; FO Faroe Islands; FR France; GA Gabon; GB United
Kingdom; GE Georgia; GF French Guiana; GH Ghana; GI Gibraltar; GL Greenland; GM Gambia; GN
Guinea; GP Guadeloupe; GQ Equatorial Guinea; GR Greece; GT Guatemala; GW Guinea-Bissau; GY
Guyana; HK Hong Kong; HN Honduras; HR Croatia; HT Haiti; HU Hungary; ID Indonesia; IE Ireland;
IL Israel; IN India; IO Diego Garcia; IQ Iraq; IR Iran; IS Iceland; IT Italy; JO Jordan; JP
Japan; KE Kenya; KG Kyrgyzstan; KH Cambodia; KI Kiribati; KM Comoros; KP North Korea; KR South
Korea; KW Kuwait; LA Laos; LB Lebanon; LI Liechtenstein; LK Sri Lanka; LR Liberia; LS Lesotho;
LT Lithuania; LU Luxembourg; LV Latvia; LY Libya; MA Morocco; MC Monaco; MD Moldova; ME
Montenegro; MG Madagascar; MH Marshall Islands; MK North Macedonia; ML Mali; MM Myanmar; MN
Mongolia; MO Macao; MQ Martinique; MR Mauritania; MT Malta; MU Mauritius; MV Maldives; MW
Malawi; MX Mexico; MY Malaysia; MZ Mozambique; NA Namibia; NC New Caledonia; NE Niger; NF
Norfolk Island; NG Nigeria; NI Nicaragua; NL Netherlands; NO Norway; NP Nepal; NR Nauru; NU
Niue; NZ New Zealand; OM Oman; PA Panama; PE Peru; PF French Polynesia; PG Papua New Guinea; PH
Philippines; PK Pakistan; PL Poland; PM Saint Pierre and Miquelon; PS Palestine; PT Portugal; PW
Palau; PY Paraguay; QA Qatar; RE Reunion; RO Romania; RS Serbia; RU Russia and Kazakhstan; RW
Rwanda; SA Saudi Arabia; SB Solomon Islands; SC Seychelles; SD Sudan; SE Sweden; SG Singapore;
SH Saint Helena; SI Slovenia; SK Slovakia; SL Sierra Leone; SM San Marino; SN Senegal; SO
Somalia; SR Suriname; SS South Sudan; ST Sao Tome and Principe; SV El Salvador; SY Syria; SZ
Eswatini; TD Chad; TG Togo; TH Thailand; TJ Tajikistan; TK Tokelau; TL Timor-Leste; TM
Turkmenistan; TN Tunisia; TO Tonga; TR Turkey; TV Tuvalu; TW Taiwan; TZ Tanzania; UA Ukraine; UG
Uganda; US North America; UY Uruguay; UZ Uzbekistan; VE Venezuela; VN Vietnam; VU Vanuatu; WF
Wallis and Futuna; WS Samoa; XK Kosovo; YE Yemen; ZA South Africa; ZM Zambia; ZW Zimbabwe; 001
International
""".split(";")
)

# Price of a land line's and of a mobile's minute by country, in millionths of a dollar, where the
# market is known to be cheap or dear. Everywhere else the price is drawn from FIXED and MOBILE.
KNOWN = {
    "US": (1_900, 1_900), "CA": (2_100, 2_100), "GB": (2_400, 9_800), "DE": (3_100, 11_500),
    "FR": (2_900, 10_900), "IT": (3_400, 12_800), "ES": (3_000, 11_200), "NL": (3_300, 12_400),
    "CN": (8_500, 8_900), "IN": (6_200, 6_400), "BR": (4_600, 13_900), "MX": (3_900, 5_200),
    "JP": (14_800, 58_000), "AU": (6_900, 17_600), "NZ": (8_100, 24_000), "MY": (5_900, 9_300),
    "CL": (7_200, 10_400), "RU": (48_000, 91_000), "ZA": (19_500, 41_000), "SE": (2_700, 8_700),
    "DK": (2_800, 9_100), "NO": (3_500, 12_900), "AT": (4_900, 15_800), "CH": (9_700, 36_000),
}
FIXED = (12_000, 140_000)
MOBILE = (45_000, 310_000)
# Satellites and other codes of no country.
NO_COUNTRY = (1_900_000, 6_800_000)

# Sold below cost on purpose: (country, line type).
LOSS_MAKERS = {("IS", "fixed"), ("MT", "mobile"), ("UY", "mobile")}

CARRIERS = {
    # name: (share of the base price in per mille, at least and at most)
    "aurora": (900, 1_130),
    "borealis": (890, 1_140),
}


def drawn(key, low, high):
    """A number from low to high that depends on the key alone."""
    digest = hashlib.sha256(key.encode("utf-8")).digest()
    return low + int.from_bytes(digest[:8], "big") % (high - low + 1)


def base_price(country, line_type):
    if country == "001":
        return drawn(f"base/{country}/{line_type}", *NO_COUNTRY)
    if country in KNOWN:
        return KNOWN[country][line_type == "mobile"]
    return drawn(f"base/{country}/{line_type}", *(MOBILE if line_type == "mobile" else FIXED))


def destination(row):
    """As rate decks name them: country, line type, and the operator of a mobile prefix."""
    country = NAMES[row["iso_country"]]
    if row["line_type"] == "fixed":
        return f"{country} fixed"
    operator = row["area_or_operator"]
    return f"{country} mobile {operator}" if operator else f"{country} mobile"


def rounded(micros):
    """To a hundredth of a tenth of a cent, as decks print prices; never to nothing."""
    return max(10, (micros + 5) // 10 * 10)


def carrier_price(carrier, row):
    """One price for a destination, so that a deck's rows share it as real ones do."""
    base = base_price(row["iso_country"], row["line_type"])
    share = drawn(f"{carrier}/{destination(row)}", *CARRIERS[carrier])
    return rounded(base * share // 1_000)


def customer_price(row):
    costs = [carrier_price(carrier, row) for carrier in CARRIERS]
    if (row["iso_country"], row["line_type"]) in LOSS_MAKERS:
        return rounded(min(costs) * 85 // 100)
    # Carriers bill in longer steps than some customers are billed in: a quarter covers it.
    return rounded(min(costs) * drawn(f"margin/{destination(row)}", 122, 131) // 100 + 10)


def decimal_text(micros):
    return f"{micros // 1_000_000}.{micros % 1_000_000:06d}".rstrip("0").rstrip(".")


def read_rows(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if len(rows) != ROWS:
        sys.exit(f"{path}: {len(rows)} rows, expected {ROWS}")
    return sorted(rows, key=lambda row: row["prefix"])


def write_deck(path, rows, price):
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(["prefix", "destination", "rate_per_minute"])
    out.writerows([row["prefix"], destination(row), decimal_text(price(row))] for row in rows)
    with open(path, "wb") as file:
        # No name and no time in the header: the same bytes every time.
        with gzip.GzipFile("", "wb", compresslevel=9, fileobj=file, mtime=0) as packed:
            packed.write(text.getvalue().encode("utf-8"))


def read_deck(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return {row["prefix"]: (row["destination"], Decimal(row["rate_per_minute"])) for row in rows}


def check(folder):
    decks = {name: read_deck(folder / f"{name}.csv.gz") for name in ("aurora", "borealis", "retail")}
    aurora, borealis, retail = decks.values()
    for name, deck in decks.items():
        assert len(deck) == ROWS, (name, len(deck))
    assert aurora.keys() == borealis.keys() == retail.keys()
    by_destination = {aurora[prefix][0]: prefix for prefix in aurora}
    cheaper = sum(aurora[prefix][1] < borealis[prefix][1] for prefix in by_destination.values())
    share = cheaper / len(by_destination)
    assert 0.45 < share < 0.55, share
    losing = {
        retail[prefix][0]
        for prefix in retail
        if retail[prefix][1] < min(aurora[prefix][1], borealis[prefix][1])
    }
    planned = tuple(f"{NAMES[country]} {line_type}" for country, line_type in LOSS_MAKERS)
    assert all(name.startswith(planned) for name in losing), losing
    assert all(any(name.startswith(start) for name in losing) for start in planned), losing
    guarded = sum(
        retail[prefix][1] < max(aurora[prefix][1], borealis[prefix][1])
        for prefix in by_destination.values()
    )
    print(
        f"{len(by_destination)} destinations; Aurora cheaper on {share:.1%}; "
        f"one route below cost on {guarded}, both on {len(losing)}"
    )


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--dial-codes", type=pathlib.Path, help="world-dialcodes.csv.gz")
    arguments.add_argument("--out", type=pathlib.Path, default=HERE, help="folder of the decks")
    arguments.add_argument("--check", action="store_true", help="only test the decks there")
    options = arguments.parse_args()
    if not options.check:
        if options.dial_codes is None:
            arguments.error("--dial-codes is needed to make decks")
        rows = read_rows(options.dial_codes)
        for carrier in CARRIERS:
            write_deck(
                options.out / f"{carrier}.csv.gz",
                rows,
                lambda row, carrier=carrier: carrier_price(carrier, row),
            )
        write_deck(options.out / "retail.csv.gz", rows, customer_price)
    check(options.out)


if __name__ == "__main__":
    main()
