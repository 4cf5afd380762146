"""The page of a service that asks for keys, and the API's documents: nothing from elsewhere."""


def test_a_key_is_asked_for_and_used(visit, key_and_service, clip):
    key, url = key_and_service
    page = visit(url)
    page.upload(clip)
    page.wait(lambda: page.is_seen("problem"))
    assert page.is_seen("key-form")

    page.find("key").send_keys("adamml_0000000000000000_not-a-key")
    page.click("#key-form button")
    page.wait(lambda: page.is_seen("key-form"))
    assert not page.is_seen("answer")

    page.find("key").clear()
    page.find("key").send_keys(key)
    page.click("#key-form button")
    if page.is_seen("retry"):
        page.click("#retry")
    page.wait_for_answer()

    assert key not in page.driver.page_source
    assert page.logged(but=["status of 401"]) == []


def test_the_api_is_shown_without_a_content_network(visit, fake_service):
    page = visit(f"{fake_service}docs")
    page.wait(lambda: len(page.all(".opblock")) > 10)
    page.click("[id$=classify_classify_post] button")
    page.wait(lambda: page.all(".opblock-body .parameters"))

    assert page.logged() == []
    own = fake_service.removesuffix("/")
    assert [address for address in page.strangers() if not address.startswith(own)] == []
