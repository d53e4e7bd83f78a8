from clinics.qr import qr_code


def test_the_picture_is_a_path_in_a_square():
    code = qr_code("https://example.org/my/enter/1-abc/")
    assert code.size.isdecimal()
    assert set(code.path) <= set("MHVz,0123456789")


def test_another_link_is_another_picture():
    assert qr_code("https://example.org/a/") != qr_code("https://example.org/b/")
