"""Forms in a real browser, sent in every way that sites send them."""

import pytest

from tests.services.snippet.forms_world import EMAIL, FIELDS, Visit


async def test_a_posted_form_is_told_once_with_all_that_belongs_to_it(visit: Visit) -> None:
    await visit.see(
        "/contact",
        f'<form id="talk" method="post" action="/send">{FIELDS}<button name="way" value="1">Send</button></form>'
        '<label>Phone <input form="talk" name="number"></label>',
    )
    await visit.page.fill("[name=name]", "Mara Lindqvist")
    await visit.page.fill("[name=email]", EMAIL)
    await visit.page.fill("[name=number]", "+46 31 000 00 00")
    await visit.page.click("button")
    introductions, forms = await visit.told()

    assert [one["traits"] for one in introductions] == [
        {"email": EMAIL, "name": "Mara Lindqvist", "phone": "+46 31 000 00 00"}
    ]
    assert [one["properties"] for one in introductions] == [{"form": True}]
    [form] = forms
    assert form["context"]["page"]["path"] == "/contact"
    assert form["properties"] == {
        "form_id": "talk",
        "form_name": None,
        "path": "/contact",
        "fields": ["name", "email", "company", "number"],
    }
    assert len(visit.site.received) == 1


@pytest.mark.parametrize(
    "send",
    [
        "document.forms[0].submit()",
        "document.forms[0].requestSubmit()",
        "document.querySelector('button').click()",
        "HTMLFormElement.prototype.submit.call(document.forms[0])",
    ],
)
async def test_a_form_that_a_script_fills_in_and_sends_is_told_once(visit: Visit, send: str) -> None:
    await visit.see("/contact", f'<form method="post" action="/send">{FIELDS}<button>Send</button></form>')
    await visit.page.evaluate(f"document.forms[0].email.value = '{EMAIL}'; {send}")
    introductions, forms = await visit.told()

    assert [one["traits"] for one in introductions] == [{"email": EMAIL}]
    assert len(forms) == len(visit.site.received) == 1


SENDING = {
    "fetch": "fetch('/send', {method: 'POST', headers: {'Content-Type': 'application/json'},"
    " body: JSON.stringify(Object.fromEntries(data))})",
    "fetch, after a while": "setTimeout(() => fetch('/send', {method: 'POST', body: data}), 400)",
    "a request": "fetch(new Request('/send', {method: 'POST', body: new URLSearchParams(data)}))",
    "bytes": "fetch('/send', {method: 'POST', body: new TextEncoder().encode(JSON.stringify([...data]))})",
    "a blob": "fetch('/send', {method: 'POST', body: new Blob([JSON.stringify([...data])])})",
    "XMLHttpRequest": "{ const xhr = new XMLHttpRequest(); xhr.open('POST', '/send');"
    " xhr.setRequestHeader('Content-Type', 'application/x-www-form-urlencoded');"
    " xhr.send(new URLSearchParams(data).toString()) }",
    "an address": "fetch('/send?' + new URLSearchParams(data))",
    "a script's address": "document.head.append(Object.assign(document.createElement('script'),"
    " {src: '/send.js?' + new URLSearchParams(data)}))",
    "submit(), after its own check": "event.target.submit()",
}


@pytest.mark.parametrize("how", SENDING)
async def test_a_form_that_a_script_sends_is_told_once(visit: Visit, how: str) -> None:
    visit.site.pages["/send.js"] = "1"
    await visit.see(
        "/contact",
        f"""<form method="post" action="/send">{FIELDS}<button>Send</button></form><script>
        document.forms[0].addEventListener('submit', (event) => {{
          event.preventDefault();
          const data = new FormData(event.target);
          {SENDING[how]};
          event.target.reset();
        }});</script>""".replace("event.target.reset()" if "submit()" in how else "\0", ""),
    )
    await visit.page.fill("[name=name]", "Mara Lindqvist")
    await visit.page.fill("[name=email]", EMAIL)
    await visit.page.dblclick("button")
    introductions, forms = await visit.told()

    assert [one["traits"] for one in introductions] == [{"email": EMAIL, "name": "Mara Lindqvist"}]
    assert len(forms) == 1
    assert visit.site.received


async def test_what_the_page_itself_refuses_is_not_told_until_it_is_sent(visit: Visit) -> None:
    await visit.see(
        "/contact",
        f"""<form>{FIELDS}<input type="checkbox" name="terms"><button>Send</button></form><script>
        document.forms[0].onsubmit = (event) => {{
          event.preventDefault();
          const data = new FormData(event.target);
          fetch('/measured', {{method: 'POST', body: '{{"event": "submit"}}'}});
          if (data.get('terms')) fetch('/send', {{method: 'POST', body: data}});
        }};</script>""",
    )
    await visit.page.fill("[name=email]", EMAIL)
    await visit.page.click("button")
    assert await visit.told_so_far() == ([], [])

    await visit.page.check("[name=terms]")
    await visit.page.click("button")
    introductions, forms = await visit.told()
    assert ([one["traits"] for one in introductions], len(forms)) == ([{"email": EMAIL}], 1)


async def test_a_form_without_an_address_is_told_when_a_request_carries_what_was_written(visit: Visit) -> None:
    await visit.see(
        "/feedback",
        """<form id="say"><textarea name="message"></textarea><button>Send</button></form><script>
        document.forms[0].onsubmit = (event) => {
          event.preventDefault();
          fetch('/send', {method: 'POST', body: JSON.stringify({text: event.target.message.value})});
        };</script>""",
    )
    await visit.page.fill("textarea", 'It is "good" and cheap\nThank you')
    await visit.page.click("button")
    introductions, [form] = await visit.told()
    assert introductions == []
    assert form["properties"]["fields"] == ["message"]
    assert "cheap" not in str(visit.collector.messages)


async def test_a_browser_that_finds_a_form_incomplete_sends_nothing(visit: Visit) -> None:
    await visit.see(
        "/contact",
        f'<form method="post" action="/send">{FIELDS}<input name="budget" required><button>Send</button></form>',
    )
    await visit.page.fill("[name=email]", EMAIL)
    await visit.page.click("button")
    await visit.page.evaluate(f"fetch('/saved', {{method: 'POST', body: '{EMAIL}'}})")
    assert await visit.told_so_far() == ([], [])
    assert visit.site.received == []


async def test_a_button_that_sends_without_a_submit_is_told_by_what_it_posts(visit: Visit) -> None:
    await visit.see(
        "/contact",
        f"""<form id="talk">{FIELDS}<button type="button">Send</button></form><script>
        document.querySelector('button').onclick = async () => {{
          const body = JSON.stringify(Object.fromEntries(new FormData(document.forms[0])));
          await new Promise((done) => setTimeout(done, 200));
          fetch('/send', {{method: 'POST', body}});
        }};</script>""",
    )
    await visit.page.fill("[name=email]", EMAIL)
    await visit.page.fill("[name=company]", "Norrvik Foods")
    await visit.page.click("button")
    introductions, [form] = await visit.told()
    assert [one["traits"] for one in introductions] == [{"email": EMAIL, "company": "Norrvik Foods"}]
    assert form["properties"]["form_id"] == "talk"


async def test_fields_and_a_button_that_no_form_holds_together_are_told_too(visit: Visit) -> None:
    await visit.see(
        "/contact",
        f"""<div id="talk"><div>{FIELDS}</div><div><a href="#" role="button">Send</a></div></div><script>
        document.querySelector('a').onclick = () =>
          fetch('/send', {{method: 'POST', body: JSON.stringify([document.querySelector('[name=email]').value])}});
        document.body.append(document.createElement('form'));</script>""",
    )
    await visit.page.fill("[name=email]", EMAIL)
    await visit.page.click("a")
    introductions, [form] = await visit.told()
    assert [one["traits"] for one in introductions] == [{"email": EMAIL}]
    assert form["properties"]["form_id"] == "talk"


async def test_what_was_typed_but_not_sent_is_never_told_even_if_the_page_saves_it(visit: Visit) -> None:
    await visit.see(
        "/contact",
        f"""<form action="/send">{FIELDS}<a href="/terms">Terms</a><button>Send</button></form><script>
        document.forms[0].oninput = (event) => fetch('/saved', {{method: 'POST', body: event.target.value}});
        </script>""",
    )
    await visit.page.type("[name=name]", "Mara")
    await visit.page.type("[name=email]", EMAIL)
    await visit.page.press("[name=email]", "Tab")
    assert await visit.told_so_far() == ([], [])
    await visit.page.click("a")
    await visit.page.wait_for_url("**/terms")
    assert await visit.told_so_far() == ([], [])
    assert "mara" not in str(visit.collector.messages).lower()


async def test_a_draft_that_the_page_saves_while_menus_are_opened_is_not_sent(visit: Visit) -> None:
    await visit.see(
        "/contact",
        f"""<form action="/send">{FIELDS}<button type="button" aria-expanded="false">Details</button><button type="reset">Empty</button>
        </form><script>setInterval(() =>
          fetch('/saved', {{method: 'POST', body: new FormData(document.forms[0])}}), 100);</script>""",
    )
    await visit.page.fill("[name=email]", EMAIL)
    await visit.page.click("[aria-expanded]")
    assert await visit.told_so_far() == ([], [])
    await visit.page.click("[type=reset]")
    assert await visit.told_so_far() == ([], [])


async def test_what_is_to_be_ignored_is_not_told(visit: Visit) -> None:
    await visit.see(
        "/contact",
        f"""<iframe name="thanks"></iframe>
        <form id="a" target="thanks" action="/send" data-leadlight-ignore>{FIELDS}<button>Send</button></form>
        <div data-leadlight-ignore><form id="b" target="thanks" action="/send">{FIELDS}<button>Send</button></form></div>
        <form id="c" target="thanks" action="/send"><input name="topic"><p data-leadlight-ignore>{FIELDS}</p><button>Send</button></form>""",
    )
    for form in "abc":
        await visit.page.fill(f"#{form} [name=email]", EMAIL)
        await visit.page.click(f"#{form} button")
    introductions, [form_told] = await visit.told()
    assert introductions == []
    assert (form_told["properties"]["form_id"], form_told["properties"]["fields"]) == ("c", ["topic"])
    assert EMAIL not in str(visit.collector.messages)


async def test_a_search_is_no_form_and_a_dialog_is_one_when_a_script_sends_it(visit: Visit) -> None:
    await visit.see(
        "/contact",
        f"""<iframe name="found"></iframe><form role="search" target="found" action="/find"><input name="who"><button>Find</button></form>
        <form target="found" action="/find"><input type="search" name="query"><button>Find</button></form>
        <dialog open><form method="dialog" id="d">{FIELDS}<button>OK</button></form></dialog><script>
        document.querySelector('dialog').onclose = () =>
          window.sends && fetch('/send', {{method: 'POST', body: new FormData(document.forms.d)}});</script>""",
    )
    await visit.page.fill("[name=who]", EMAIL)
    await visit.page.press("[name=who]", "Enter")
    await visit.page.fill("[name=query]", "a query")
    await visit.page.press("[name=query]", "Enter")
    await visit.page.fill("#d [name=email]", EMAIL)
    await visit.page.click("#d button")
    assert await visit.told_so_far() == ([], [])

    await visit.page.evaluate("window.sends = true; document.querySelector('dialog').show()")
    await visit.page.click("#d button")
    introductions, [form] = await visit.told()
    assert [one["traits"] for one in introductions] == [{"email": EMAIL}]
    assert form["properties"]["form_id"] == "d"


async def test_a_strict_policy_is_kept(visit: Visit) -> None:
    visit.site.headers = {
        "Content-Security-Policy": f"default-src 'none'; script-src 'self' {visit.site.collector};"
        f" connect-src 'self' {visit.site.collector}; form-action 'self'; require-trusted-types-for 'script'"
    }
    visit.site.pages["/send.js"] = """document.forms[0].onsubmit = (event) => {
        event.preventDefault(); fetch('/send', {method: 'POST', body: new FormData(event.target)}); }"""
    await visit.see("/contact", f'<form id="talk">{FIELDS}<button>Send</button></form><script src="/send.js"></script>')
    await visit.page.fill("[name=email]", EMAIL)
    await visit.page.click("button")
    introductions, forms = await visit.told()
    assert ([one["traits"] for one in introductions], len(forms)) == ([{"email": EMAIL}], 1)
