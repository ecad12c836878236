from django.contrib.auth.decorators import login_not_required
from django.urls import path

from recognizer.views import (
    about,
    accounts,
    batches,
    compare,
    desk,
    explorer,
    health,
    history,
    like_what,
    media,
    notices,
    numbers,
    personal_export,
    preferences,
    review,
    uploads,
    what_if,
)

pages = [
    path("", desk.desk, name="desk"),
    path("preview/", desk.preview, name="preview"),
    path("uploads/", desk.upload_create, name="upload_create"),
    path("examples/", desk.example_create, name="example_create"),
    path("uploads/<uuid:pk>/", uploads.upload_detail, name="upload_detail"),
    path("uploads/<uuid:pk>/maps/", uploads.upload_maps, name="upload_maps"),
    path("uploads/<uuid:pk>/correct/", uploads.upload_correct, name="upload_correct"),
    path("uploads/<uuid:pk>/read-again/", uploads.upload_read_again, name="upload_read_again"),
    path("uploads/<uuid:pk>/delete/", uploads.upload_delete, name="upload_delete"),
    path("history/", history.history, name="history"),
    path("history/bring-back/", history.history_restore, name="history_restore"),
    path("history/count/", history.history_count, name="history_count"),
    path("history/deleted/", history.history_deleted, name="history_deleted"),
    path("history/many/", history.history_bulk, name="history_bulk"),
    path("history/statistics/", history.history_statistics, name="history_statistics"),
    path("batches/", batches.batches, name="batches"),
    path("batches/<uuid:pk>/", batches.batch_detail, name="batch_detail"),
    path("batches/<uuid:pk>/cancel/", batches.batch_cancel, name="batch_cancel"),
    path("batches/<uuid:pk>/retry/", batches.batch_retry, name="batch_retry"),
    path("batches/<uuid:pk>/results.csv", batches.batch_results, name="batch_results"),
    path("review/", review.review, name="review"),
    path("review/<uuid:pk>/", review.review_correct, name="review_correct"),
]

pictures = [
    path("uploads/<uuid:pk>/original/", media.upload_original, name="upload_original"),
    path("uploads/<uuid:pk>/picture/", media.upload_picture, name="upload_picture"),
    path("uploads/<uuid:pk>/thumbnail/", media.upload_thumbnail, name="upload_thumbnail"),
    path("glyphs/<uuid:pk>/input/", media.glyph_input, name="glyph_input"),
    path("feature-maps/<uuid:pk>/", media.feature_map, name="feature_map"),
]

explanations = [
    path("glyphs/<uuid:pk>/network/", explorer.explorer, name="explorer"),
    path("glyphs/<uuid:pk>/network/row.png", explorer.layer_row, name="layer_row"),
    path("glyphs/<uuid:pk>/network/<str:layer>/", explorer.explorer, name="explorer"),
    path("glyphs/<uuid:pk>/network/<str:layer>/map.png", explorer.layer_map, name="layer_map"),
    path("glyphs/<uuid:pk>/network/<str:layer>/<int:channel>/", explorer.explorer, name="explorer"),
    path("glyphs/<uuid:pk>/numbers/", numbers.numbers, name="numbers"),
    path("glyphs/<uuid:pk>/numbers/<str:step>/", numbers.numbers, name="numbers"),
    path("glyphs/<uuid:pk>/numbers/<str:step>/<int:channel>/", numbers.numbers, name="numbers"),
    path("glyphs/<uuid:pk>/like-what/", like_what.like_what, name="like_what"),
    path("glyphs/<uuid:pk>/what-if/", what_if.what_if, name="what_if"),
    path("glyphs/<uuid:pk>/what-if/answer/", what_if.what_if_answer, name="what_if_answer"),
    path("glyphs/<uuid:pk>/what-if/repair/", what_if.what_if_repair, name="what_if_repair"),
    path("glyphs/<uuid:pk>/why/", explorer.why, name="why"),
    path("glyphs/<uuid:pk>/why/<str:kind>-<int:digit>.png", explorer.overlay, name="overlay"),
    path("compare/", compare.comparison, name="compare"),
    path("compare/difference.png", compare.layer_difference, name="layer_difference"),
    path("compare/evidence.png", compare.evidence_difference, name="evidence_difference"),
]

people = [
    path("notices/", notices.notices, name="notices"),
    path("notices/read/", notices.notices_read, name="notices_read"),
    path("notices/<uuid:pk>/open/", notices.notice_open, name="notice_open"),
    path("signup/", accounts.Signup.as_view(), name="signup"),
    path("login/", accounts.Login.as_view(), name="login"),
    path("logout/", login_not_required(accounts.Logout.as_view()), name="logout"),
    path("account/", accounts.account, name="account"),
    path("account/email/", accounts.account_email, name="account_email"),
    path("account/email/send/", accounts.account_email_send, name="account_email_send"),
    path("account/email/confirm/<str:key>/", accounts.account_email_confirm, name="account_email_confirm"),
    path("account/confirm-password/", accounts.ConfirmPassword.as_view(), name="account_reauthenticate"),
    path("account/decimal/", preferences.account_decimal, name="account_decimal"),
    path("account/tokens/", accounts.token_create, name="token_create"),
    path("account/tokens/<uuid:pk>/revoke/", accounts.token_revoke, name="token_revoke"),
    path("account/export/", personal_export.account_export, name="account_export"),
    path("account/export/file/", personal_export.account_export_file, name="account_export_file"),
    path("account/export/delete/", personal_export.account_export_delete, name="account_export_delete"),
    path("account/delete/", accounts.account_delete, name="account_delete"),
    path("theme/", accounts.theme, name="theme"),
    path("password/", accounts.PasswordChange.as_view(), name="password_change"),
    path("password/changed/", accounts.PasswordChangeDone.as_view(), name="password_change_done"),
    path("password/reset/", accounts.PasswordReset.as_view(), name="password_reset"),
    path("password/reset/sent/", accounts.PasswordResetDone.as_view(), name="password_reset_done"),
    path("password/reset/<uidb64>/<token>/", accounts.PasswordResetConfirm.as_view(), name="password_reset_confirm"),
    path("password/reset/done/", accounts.PasswordResetComplete.as_view(), name="password_reset_complete"),
]

others = [
    path("about/", about.about, name="about"),
    path("manifest.webmanifest", about.manifest, name="manifest"),
    path("icon-<int:size>.png", about.icon, name="icon"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]

urlpatterns = [*pages, *pictures, *explanations, *people, *others]
