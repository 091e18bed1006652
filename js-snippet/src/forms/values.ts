// What stands in a field must also look like what the field asks for: a card number in the wrong place is none of our business.

const EMAIL = /^[^\s@<>()",;:|]+@([^\s@<>()",;:|.]+\.)+[^\s@<>()",;:|.\d]{2,}$/;
const PHONE = /^[+(]?[\d(][\d\s().\-/\u2010-\u2013\u00a0]{4,24}\d$/;
const SALUTATION = /^(mr|mrs|ms|miss|mx|dr|prof|herr|frau|m|mme|mlle|sr|sra|sig|dhr|mevr?|hr|fru|pan|pani)\.?$/i;

const digitsOf = (value: string): string => value.replace(/\D/g, "");

/** The check sum of card numbers holds. */
function luhn(digits: string): boolean {
  let sum = 0;
  [...digits].reverse().forEach((digit, place) => {
    const worth = +digit << place % 2;
    sum += worth > 9 ? worth - 9 : worth;
  });
  return sum % 10 === 0;
}

/** A number that may be a card's, an account's or an official one: too long for a phone, or written as those are. */
const official = (value: string): boolean => {
  const digits = digitsOf(value);
  return (
    digits.length > 15 ||
    (digits.length > 12 && !/^(\+|00?)/.test(value) && luhn(digits)) ||
    /^(\d{3}-\d\d-\d{4}|\d{6}[-+/]\d{3,4}|\d{3}\.\d{3}\.\d{3}-?\d\d|\d{11})$/.test(value)
  );
};

export const isEmail = (value: string): boolean => value.length < 200 && EMAIL.test(value);

export const isPhone = (value: string): boolean => PHONE.test(value) && digitsOf(value).length > 5 && !official(value);

/** A name, a company, a job title: words, with no more digits than a company has. */
export const isWords = (value: string): boolean =>
  value.length < 120 && /[^\0-@[-`{-\u00bf]/.test(value) && digitsOf(value).length < 6 && !/@|:\/\/|[\r\n<>{}]/.test(value) && !SALUTATION.test(value);
